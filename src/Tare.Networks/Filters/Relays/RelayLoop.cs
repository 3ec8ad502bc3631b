using Tare.Linux;
using Tare.Networks.Loops;

namespace Tare.Networks.Filters.Relays;

/// <summary>The loop of all ports, connections and flows of datagrams.</summary>
internal sealed class RelayLoop(Fd? network) : SocketLoop("port-relay", nameof(PortRelay))
{
    /// <summary>Connections that are being relayed at once, over all ports; further ones wait in their sockets.</summary>
    public const int MaxConnections = 8192;

    private const int RetryMilliseconds = 500;

    /// <summary>Those that have been idle the longest come first.</summary>
    private readonly LinkedList<DatagramFlow> flows = [];
    private readonly List<RelayPort> paused = [];
    private byte[]? buffer;

    /// <summary>Flows at once, over all ports; for a further one, that ends which has been idle the longest.</summary>
    public int MaxFlows { get; set; } = 8192;

    /// <summary>How long a flow lasts in which nothing is sent: as long as Docker's proxy has it.</summary>
    public TimeSpan FlowsLast { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>What is just being carried from one socket to another: as much as the largest datagram, at least.</summary>
    public byte[] Buffer => buffer ??= new byte[64 * 1024];

    /// <summary>Connections of all ports.</summary>
    public int Connections { get; set; }

    /// <summary>Flows of all ports.</summary>
    public int Flows => flows.Count;

    /// <summary>Descriptors that others have used up come back without any notice.</summary>
    protected override int Patience
    {
        get
        {
            var retry = paused.Count == 0 ? int.MaxValue : RetryMilliseconds;
            var end = flows.First is { } first ? Math.Max(0, first.Value.LastUsed + (long)FlowsLast.TotalMilliseconds - Environment.TickCount64) : int.MaxValue;
            return Math.Min(retry, end) is < int.MaxValue and var wait ? (int)wait : -1;
        }
    }

    /// <summary>A socket in the host's network namespace.</summary>
    public Fd Open(bool six, bool stream) => network is null ? IpSocket.New(six, stream) : OpenIn(network, six, stream);

    /// <summary>Asks a port again when there is room, or after a while.</summary>
    public void Pause(RelayPort port) => paused.Add(port);

    /// <summary>A connection has ended.</summary>
    public void Ended()
    {
        Connections--;
        Resume();
    }

    /// <summary>A flow begins; returns its place.</summary>
    public LinkedListNode<DatagramFlow> Begun(DatagramFlow flow)
    {
        flow.LastUsed = Environment.TickCount64;
        return flows.AddLast(flow);
    }

    /// <summary>Something is sent in a flow.</summary>
    public void Use(DatagramFlow flow)
    {
        flow.LastUsed = Environment.TickCount64;
        if (flow.Place == flows.Last) return;
        flows.Remove(flow.Place);
        flows.AddLast(flow.Place);
    }

    /// <summary>A flow has ended.</summary>
    public void Ended(DatagramFlow flow)
    {
        flows.Remove(flow.Place);
        Resume();
    }

    /// <summary>Ends flows until one more may begin.</summary>
    public void MakeRoomForFlow()
    {
        while (flows.Count >= MaxFlows && EndIdlestFlow())
        {
        }
    }

    /// <summary>Ends the flow that has been idle the longest; false: there is none.</summary>
    public bool EndIdlestFlow()
    {
        if (flows.First is not { } first) return false;
        first.Value.Close();
        return true;
    }

    public void Forget(RelayPort port) => paused.Remove(port);

    /// <inheritdoc/>
    protected override void OnWaited(int count)
    {
        if (count == 0) Resume();
        var ended = Environment.TickCount64 - (long)FlowsLast.TotalMilliseconds;
        while (flows.First is { } first && first.Value.LastUsed <= ended) first.Value.Close();
    }

    private void Resume()
    {
        if (paused.Count == 0) return;
        var ports = paused.ToArray();
        paused.Clear();
        foreach (var port in ports) port.Resume();
    }
}
