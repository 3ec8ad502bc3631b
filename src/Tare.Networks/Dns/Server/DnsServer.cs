using Tare.Linux;
using Tare.Networks.Dns.Names;

namespace Tare.Networks.Dns.Server;

/// <summary>
/// The embedded DNS server of all sandboxes (Docker's 127.0.0.11). It is given sockets that somebody else holds, so that questions wait in them
/// while there is no server, and takes them over and gives them up without anybody noticing more than the wait.
/// </summary>
/// <param name="options">Bounds.</param>
/// <param name="onFault">Told, on the server's thread, of a sandbox whose sockets have failed; it is detached then.</param>
/// <remarks>An idle sandbox costs some objects and two registrations in epoll: no thread and no buffer.</remarks>
public sealed class DnsServer(DnsServerOptions options, Action<DnsSandbox, Exception>? onFault = null) : IDisposable
{
    private readonly DnsLoop loop = new(options);
    private readonly Dictionary<DnsSandbox, SandboxPort> ports = [];

    /// <summary>Begins to serve a sandbox.</summary>
    /// <exception cref="LinuxException">The descriptors are none that can be waited for.</exception>
    public Task AttachAsync(DnsSandbox sandbox, DnsSockets sockets) => loop.RunAsync(() =>
    {
        if (ports.ContainsKey(sandbox)) throw new InvalidOperationException($"the container {sandbox.Id} is served already");
        ports.Add(sandbox, new SandboxPort(loop, options, sandbox, sockets, fault => Fail(sandbox, fault)));
    });

    /// <summary>
    /// Stops serving a sandbox: when it completes, the server has forgotten its sockets, and they are as they were. Nothing happens when it is not
    /// served.
    /// </summary>
    public Task DetachAsync(DnsSandbox sandbox) => loop.RunAsync(() => Detach(sandbox));

    /// <summary>Detaches all sandboxes and ends.</summary>
    public void Dispose()
    {
        loop.BeforeEnd(() =>
        {
            foreach (var sandbox in ports.Keys.ToArray()) Detach(sandbox);
        });
        loop.Dispose();
    }

    private void Detach(DnsSandbox sandbox)
    {
        if (ports.Remove(sandbox, out var port)) port.Close();
    }

    private void Fail(DnsSandbox sandbox, Exception fault)
    {
        Detach(sandbox);
        onFault?.Invoke(sandbox, fault);
    }
}
