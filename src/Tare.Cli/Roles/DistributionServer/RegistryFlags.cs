using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Registry;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>Options that several commands of the registry have.</summary>
internal static class RegistryFlags
{
    internal static TextFlag Root(FlagSet flags) => flags.Text("root", "Directory of everything that lasts", initial: "/var/lib/tare-registry");

    /// <summary>The absolute path of a file that was named; null when none was.</summary>
    internal static string? FileOrNone(TextFlag flag) => flag.Value.Length == 0 ? null : Path.GetFullPath(flag.Value);

    /// <summary>How clients say who they are.</summary>
    /// <exception cref="CommandException">It is no scheme.</exception>
    internal static AuthenticationScheme Scheme(TextFlag flag) => flag.Value switch
    {
        "basic" => AuthenticationScheme.Basic,
        "token" => AuthenticationScheme.Token,
        _ => throw new CommandException($"--{flag.Name} is \"basic\" or \"token\", not \"{flag.Value}\""),
    };
}

/// <summary>A span of time with a default, such as 1h30m.</summary>
internal sealed class SpanFlag(string name, string usage, TimeSpan initial) : Flag(name, '\0', usage)
{
    private const int NanosecondsPerTick = 100;

    public TimeSpan Value { get; private set; } = initial;

    public override string Kind => "duration";

    public override string? DefaultText { get; } = Units.GoDuration(initial.Ticks * NanosecondsPerTick);

    public override string? Set(string value)
    {
        if (Units.TryParseDuration(value, out var nanoseconds) is { } error) return error;
        Value = TimeSpan.FromTicks(nanoseconds / NanosecondsPerTick);
        return null;
    }
}
