using Tare.Client;
using Tare.Errors;

namespace Tare.Cli.Commands;

/// <summary>A verb failed: what to write to standard error, and the exit code. An empty message writes nothing.</summary>
internal sealed class CommandException(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode => exitCode;

    /// <summary>An error as the user sees it: what the engine said is marked as such.</summary>
    public static string Describe(Exception error) => error switch
    {
        EngineException => "Error response from daemon: " + error.Message,
        System.Text.Json.JsonException => "the engine's answer is not the JSON that was expected: " + error.Message,
        _ => error.Message,
    };

    /// <summary>Several errors, a line each.</summary>
    public static CommandException Join(IEnumerable<string> messages) => new(string.Join('\n', messages));

    /// <summary>Whether it is an error that a user can do something about, rather than a fault of this program.</summary>
    public static bool IsExpected(Exception error) => error is TareException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException or System.Text.Json.JsonException;
}
