using System.Globalization;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Linux;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci kill: sends a signal to a container's process.</summary>
internal sealed class OciKill : OciVerb
{
    private const string Default = "SIGTERM";

    private readonly SwitchFlag all;

    public OciKill()
        : base("<container-id> [signal]", "Send a signal to a container's process; without one SIGTERM", new ArgumentCount(1, 2)) =>
        all = Flags.Switch("all", "Send it to all processes of the container", 'a');

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0]);
        container.Kill(Parse(arguments.Count > 1 ? arguments[1] : Default), all.Value);
        return 0;
    }

    private static int Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 64) return number;
        var name = text.ToUpperInvariant();
        return SignalNames.NumberOf(name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name) is > 0 and var known
            ? known
            : throw new CommandException($"unknown signal \"{text}\": use a name such as TERM, or a number from 1 to 64");
    }
}
