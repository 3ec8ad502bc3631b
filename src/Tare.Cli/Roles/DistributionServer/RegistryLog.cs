using Tare.Cli.Commands;
using Tare.Registry;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>The registry's own messages, on standard error, in the form that the daemon's have.</summary>
internal sealed class RegistryLog(Session session, RegistryLogLevel least)
{
    private readonly Lock gate = new();

    public void Write(RegistryLogLevel level, string message)
    {
        if (level < least) return;
        lock (gate)
            session.Warn(message, level switch { RegistryLogLevel.Debug => "debug", RegistryLogLevel.Info => "info", RegistryLogLevel.Warning => "warning", _ => "error" });
    }
}
