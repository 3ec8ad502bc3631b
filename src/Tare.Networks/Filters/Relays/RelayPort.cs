using System.Net;
using Tare.Linux;
using Tare.Networks.Loops;

namespace Tare.Networks.Filters.Relays;

/// <summary>A socket of a published port, and what comes to it and goes on to a container.</summary>
internal abstract class RelayPort : ISocketSource
{
    /// <summary>How much is taken from one socket before others have their turn.</summary>
    public const int AtOnce = 32;

    private readonly Action<Exception> onFault;
    private readonly ulong token;

    protected RelayPort(RelayLoop loop, Fd socket, IPEndPoint target, Action<Exception> onFault)
    {
        (Loop, Socket, this.onFault, Target) = (loop, socket, onFault, target);
        token = loop.Add(socket, EpollEvents.In, this);
    }

    /// <summary>The container's address and port, of what begins from now on.</summary>
    public IPEndPoint Target { get; private set; }

    protected RelayLoop Loop { get; }

    protected Fd Socket { get; }

    /// <summary>Leads somewhere else from now on.</summary>
    public void LeadTo(IPEndPoint target)
    {
        if (target.Equals(Target)) return;
        Target = target;
        OnLed();
    }

    /// <summary>Takes no more, and ends what it has.</summary>
    public void Close()
    {
        Loop.Forget(this);
        Loop.Remove(Socket, token);
        EndAll();
    }

    /// <summary>There is room again.</summary>
    public void Resume() => Loop.Change(Socket, EpollEvents.In, token);

    public abstract void OnReady(ulong token, EpollEvents events);

    public void OnFault(Exception fault)
    {
        Close();
        onFault(fault);
    }

    /// <summary>Ends all that goes through it.</summary>
    protected abstract void EndAll();

    /// <summary>The target is another one.</summary>
    protected abstract void OnLed();

    /// <summary>Takes nothing until there is room, or for a while.</summary>
    protected void Pause()
    {
        Loop.Change(Socket, EpollEvents.None, token);
        Loop.Pause(this);
    }

    /// <summary>A socket towards the container.</summary>
    protected Fd OpenTowards(bool stream) => Loop.Open(Target.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6, stream);
}
