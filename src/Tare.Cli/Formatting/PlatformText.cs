using Tare.Cli.Commands;
using Tare.Errors;
using Tare.Oci.Images;

namespace Tare.Cli.Formatting;

/// <summary>Platforms as users write them for an option.</summary>
internal static class PlatformText
{
    /// <summary>The platform in full; empty stays empty.</summary>
    /// <exception cref="CommandException">It is none, in Docker's words.</exception>
    public static string Read(string text)
    {
        if (text.Length == 0) return "";
        try
        {
            return PlatformSpecifier.Format(PlatformSpecifier.Parse(text));
        }
        catch (TareException e)
        {
            throw new CommandException($"invalid platform: {e.Message}");
        }
    }
}
