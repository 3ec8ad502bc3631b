using Tare.Linux;
using Tare.Networks.Loops;

namespace Tare.Networks.Filters.Relays;

/// <summary>The loop of all ports and connections.</summary>
internal sealed class RelayLoop(Fd? network) : SocketLoop("port-relay", nameof(PortRelay))
{
    /// <summary>Connections that are being relayed at once, over all ports; further ones wait in their sockets.</summary>
    public const int MaxConnections = 8192;

    private const int RetryMilliseconds = 500;

    private readonly List<RelayPort> paused = [];

    /// <summary>What is just being carried from one socket to another.</summary>
    public byte[] Buffer { get; } = new byte[64 * 1024];

    /// <summary>Connections of all ports.</summary>
    public int Connections { get; set; }

    /// <summary>Descriptors that others have used up come back without any notice.</summary>
    protected override int Patience => paused.Count == 0 ? -1 : RetryMilliseconds;

    /// <summary>A TCP socket in the host's network namespace.</summary>
    public Fd Open(bool six) => network is null ? IpSocket.New(six, stream: true) : OpenIn(network, six, stream: true);

    /// <summary>Asks a port again when there is room, or after a while.</summary>
    public void Pause(RelayPort port) => paused.Add(port);

    /// <summary>A connection has ended.</summary>
    public void Ended()
    {
        Connections--;
        Resume();
    }

    public void Forget(RelayPort port) => paused.Remove(port);

    /// <inheritdoc/>
    protected override void OnWaited(int count)
    {
        if (count == 0) Resume();
    }

    private void Resume()
    {
        if (paused.Count == 0) return;
        var ports = paused.ToArray();
        paused.Clear();
        foreach (var port in ports) port.Resume();
    }
}
