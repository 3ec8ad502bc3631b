using System.Globalization;
using Tare.Errors;

namespace Tare.Keeper;

/// <summary>How a keeper process is run.</summary>
public sealed record KeeperOptions
{
    /// <summary>The folder of the socket and the journal; should be on tmpfs. Made (0711) when it is missing.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>
    /// The arguments that make this program a keeper, ahead of the options: <c>["keeper"]</c> for the tare binary. Upgrades
    /// and restarts use them.
    /// </summary>
    public IReadOnlyList<string> RoleArguments { get; init; } = ["keeper"];

    /// <summary>A connected socket that is the first connection (<c>--connection-fd</c>); -1: none.</summary>
    public int ConnectionFd { get; init; } = -1;

    /// <summary>The state of the program that this one was before an upgrade (<c>--handover-fd</c>); -1: none.</summary>
    public int HandoverFd { get; init; } = -1;

    /// <summary>Only says by the exit code whether the handover can be read (<c>--check-handover</c>), and does nothing.</summary>
    public bool CheckHandover { get; init; }

    /// <summary>Whether SIGCHLD was blocked by executing this program again (<c>--signals-blocked</c>).</summary>
    public bool SignalsBlocked { get; init; }

    /// <summary>The launcher's ELF image; by default the built-in one.</summary>
    public ReadOnlyMemory<byte> LauncherImage { get; init; }

    /// <summary>The clock of log frames and ends.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Reads the options of <c>tare keeper</c>: <c>--exec-root DIR</c>, and those that one keeper gives to the next.</summary>
    /// <exception cref="TareException">An argument is unknown or lacks its value.</exception>
    public static KeeperOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new KeeperOptions { ExecRoot = "/run/tare" };
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, attached) = arguments[i].IndexOf('=', StringComparison.Ordinal) is var at and > 0 ? (arguments[i][..at], arguments[i][(at + 1)..]) : (arguments[i], null);
            options = name switch
            {
                "--exec-root" => options with { ExecRoot = Path.GetFullPath(Value(ref i)) },
                "--connection-fd" => options with { ConnectionFd = Number(ref i) },
                "--handover-fd" => options with { HandoverFd = Number(ref i) },
                "--check-handover" => options with { CheckHandover = true },
                "--signals-blocked" => options with { SignalsBlocked = true },
                _ => throw TareException.Invalid($"unknown flag: {name}"),
            };

            string Value(ref int i) => attached ?? (i + 1 < arguments.Count ? arguments[++i] : throw TareException.Invalid($"flag needs an argument: {name}"));

            int Number(ref int i) => int.TryParse(Value(ref i), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw TareException.Invalid($"invalid number for flag: {name}");
        }
        return options;
    }

    /// <summary>The arguments that give these options to another program.</summary>
    internal List<string> ToArguments()
    {
        List<string> arguments = [.. RoleArguments, "--exec-root", ExecRoot];
        if (ConnectionFd >= 0) arguments.AddRange(["--connection-fd", ConnectionFd.ToString(CultureInfo.InvariantCulture)]);
        if (HandoverFd >= 0) arguments.AddRange(["--handover-fd", HandoverFd.ToString(CultureInfo.InvariantCulture)]);
        if (SignalsBlocked) arguments.Add("--signals-blocked");
        return arguments;
    }
}
