using Tare.Cli.Commands;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>From the end of a container to this program's exit code.</summary>
internal static class Exits
{
    private const int Unknown = 125;

    public static async ValueTask<int> CodeAsync(Session session, PendingExit exit)
    {
        try
        {
            var result = await exit.ExitAsync();
            if (result.Error is null) return (int)result.StatusCode;
            session.Warn($"Error waiting for container: {result.Error.Message}", "error");
        }
        catch (Exception e) when (CommandException.IsExpected(e))
        {
            session.Warn($"error waiting for container: {e.Message}", "error");
        }

        return Unknown;
    }
}
