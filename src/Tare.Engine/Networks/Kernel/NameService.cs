using System.Collections.Concurrent;
using Tare.Engine.Ports;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Server;

namespace Tare.Engine.Networks.Kernel;

/// <summary>Answers containers' questions for names, over sockets that the keeper holds as well: a question that is asked while there is no engine waits in them.</summary>
internal sealed class NameService(IKeeper keeper, Action<EngineLogLevel, string> log) : IDisposable
{
    /// <summary>What the keeper calls the sockets by, before the container's id.</summary>
    public const string Prefix = "dns/";

    private readonly ConcurrentDictionary<string, (Fd Datagrams, Fd Connections)> sockets = new(StringComparer.Ordinal);
    private readonly DnsServer server = new(
        new DnsServerOptions(),
        (sandbox, fault) => log(EngineLogLevel.Error, $"container {sandbox.Id}: its questions for names are not answered any more: {fault.Message}"));

    /// <summary>Takes the sockets of a container that has had them since before this engine.</summary>
    public void Keep(string containerId, Fd datagrams, Fd connections) => sockets[containerId] = (datagrams, connections);

    /// <summary>Begins to answer; a failure leaves no socket.</summary>
    public async Task BeginAsync(INetworkSandbox sandbox, DnsSandbox names)
    {
        try
        {
            if (!sockets.TryGetValue(names.Id, out var own))
            {
                own = NameSockets.Open(sandbox.Namespace);
                sockets[names.Id] = own;
                await keeper.HoldAsync(Prefix + names.Id, [own.Datagrams, own.Connections], CancellationToken.None);
            }

            await server.AttachAsync(names, new DnsSockets(own.Datagrams, own.Connections, sandbox.Namespace));
        }
        catch
        {
            await EndAsync(names);
            throw;
        }
    }

    /// <summary>Ends that, for good.</summary>
    public async Task EndAsync(DnsSandbox names)
    {
        await server.DetachAsync(names);
        if (!sockets.TryRemove(names.Id, out var own)) return;
        own.Datagrams.Dispose();
        own.Connections.Dispose();
        await keeper.ReleaseAsync(Prefix + names.Id, CancellationToken.None);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        server.Dispose();
        foreach (var (datagrams, connections) in sockets.Values)
        {
            datagrams.Dispose();
            connections.Dispose();
        }
    }
}
