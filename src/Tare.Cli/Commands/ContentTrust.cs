using Tare.Cli.Flags;

namespace Tare.Cli.Commands;

/// <summary>
/// Docker's content trust, signatures by Notary v1, is not there: whoever asks for it, by the option or by DOCKER_CONTENT_TRUST, is refused
/// rather than given something that nobody has verified.
/// </summary>
internal static class ContentTrust
{
    private static bool IsAskedFor => Environment.GetEnvironmentVariable("DOCKER_CONTENT_TRUST") is { Length: > 0 } text && (!SwitchFlag.TryParse(text, out var value) || value);

    public static SwitchFlag Add(FlagSet flags, string usage) => flags.Add(new SwitchFlag("disable-content-trust", '\0', usage, initial: !IsAskedFor));

    /// <exception cref="CommandException">Content trust is asked for.</exception>
    public static void Check(SwitchFlag disable)
    {
        if (!disable.Value) throw new CommandException("content trust is not there: unset DOCKER_CONTENT_TRUST or use --disable-content-trust, and name images by digest to be sure of them");
    }
}
