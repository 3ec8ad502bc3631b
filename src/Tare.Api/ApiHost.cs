using Tare.Api.Backends;
using Tare.Api.Hosting;
using Tare.Engine;

namespace Tare.Api;

/// <summary>Serves an engine.</summary>
public static class ApiHost
{
    /// <summary>Looks whether hosts can be understood, before anything is begun for their sake.</summary>
    /// <exception cref="Errors.TareException">One cannot.</exception>
    public static void Check(IReadOnlyList<string> hosts)
    {
        foreach (var host in hosts)
            ListenAddress.Parse(host);
    }

    /// <summary>
    /// Listens on all hosts and serves until the token is cancelled; then no new requests are taken, long streams are ended, and the
    /// sockets are removed.
    /// </summary>
    /// <exception cref="Errors.TareException">A host cannot be parsed or listened on. Nothing is left listening.</exception>
    public static Task RunAsync(TareEngine engine, ApiOptions options, CancellationToken cancellationToken)
        => ApiServer.RunAsync(EngineBackends.Of(engine), engine.Poller, options, cancellationToken);
}
