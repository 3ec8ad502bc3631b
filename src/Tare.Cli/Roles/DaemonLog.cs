using Tare.Api;
using Tare.Cli.Commands;
using Tare.Engine;

namespace Tare.Cli.Roles;

/// <summary>The daemon's own messages, on standard error, in the form that dockerd's have.</summary>
internal sealed class DaemonLog(Session session, EngineLogLevel least)
{
    private readonly Lock gate = new();

    /// <summary>Reads a level's name; null when it is none.</summary>
    public static EngineLogLevel? Parse(string name) => name switch
    {
        "debug" or "trace" => EngineLogLevel.Debug,
        "" or "info" => EngineLogLevel.Info,
        "warn" or "warning" => EngineLogLevel.Warning,
        "error" or "fatal" or "panic" => EngineLogLevel.Error,
        _ => null,
    };

    public void Write(EngineLogLevel level, string message)
    {
        if (level < least) return;
        lock (gate) session.Warn(message, level switch { EngineLogLevel.Debug => "debug", EngineLogLevel.Info => "info", EngineLogLevel.Warning => "warning", _ => "error" });
    }

    public void Write(ApiLogLevel level, string message) => Write(
        level switch { ApiLogLevel.Debug => EngineLogLevel.Debug, ApiLogLevel.Warning => EngineLogLevel.Warning, _ => EngineLogLevel.Error }, message);
}
