using System.Buffers;
using Tare.Linux;
using Tare.Networks.Loops;

namespace Tare.Networks.Filters.Relays;

/// <summary>
/// A client's connection and the one to the container. What one sends the other gets, and the end of each direction by itself; a side that does not
/// read keeps the other from sending. Buffers are there only while something is in them.
/// </summary>
internal sealed class RelayConnection : ISocketSource
{
    private readonly RelayLoop loop;
    private readonly StreamPort port;
    private readonly Side client;
    private readonly Side server;
    private bool connecting = true;
    private bool closed;

    public RelayConnection(RelayLoop loop, StreamPort port, Fd client, Fd server)
    {
        (this.loop, this.port) = (loop, port);
        (this.client, this.server) = (new Side(client), new Side(server));
        IpSocket.SetNoDelay(client);
        IpSocket.SetNoDelay(server);
        this.client.Token = loop.Add(client, EpollEvents.None, this);
        this.server.Token = loop.Add(server, this.server.Interest = EpollEvents.Out, this);
    }

    public void Close()
    {
        if (closed) return;
        closed = true;
        foreach (var side in (Side[])[client, server])
        {
            if (side.IsWatched) loop.Remove(side.Socket, side.Token);
            side.Drop();
            side.Socket.Dispose();
        }
        port.Ended(this);
    }

    public void OnReady(ulong token, EpollEvents events)
    {
        if (connecting)
        {
            // Only an error or the end is reported of the client.
            if (token == client.Token || IpSocket.TakeError(server.Socket) != 0)
            {
                Close();
                return;
            }
            connecting = false;
        }
        else
        {
            var (here, there) = token == client.Token ? (client, server) : (server, client);
            if ((events & EpollEvents.Error) != 0 || ((events & EpollEvents.Out) != 0 && !Flush(here)) || ((events & (EpollEvents.In | EpollEvents.HangUp)) != 0 && here.CanRead(there) && !Carry(here, there)))
            {
                Close();
                return;
            }
        }
        if (client.IsOver && server.IsOver)
        {
            Close();
            return;
        }
        Watch(client, server);
        Watch(server, client);
    }

    public void OnFault(Exception fault) => Close();

    /// <summary>From one side to the other; false when the connection is broken.</summary>
    private bool Carry(Side from, Side to)
    {
        var count = IpSocket.TryReceive(from.Socket, loop.Buffer, stream: true, out var error);
        if (count < 0) return error == Errno.EAGAIN;
        if (count == 0)
        {
            from.HasEnded = true;
            StreamSocket.ShutdownSend(to.Socket);
            to.IsShut = true;
            return true;
        }
        var sent = IpSocket.TrySend(to.Socket, loop.Buffer.AsSpan(0, count), out error);
        if (sent < 0 && error != Errno.EAGAIN) return false;
        if (sent < count) to.Keep(loop.Buffer.AsSpan(Math.Max(sent, 0), count - Math.Max(sent, 0)));
        return true;
    }

    /// <summary>Sends what has been kept; false when the connection is broken.</summary>
    private static bool Flush(Side to)
    {
        if (to.Kept.IsEmpty) return true;
        var sent = IpSocket.TrySend(to.Socket, to.Kept, out var error);
        if (sent < 0) return error == Errno.EAGAIN;
        to.Sent(sent);
        return true;
    }

    private void Watch(Side here, Side there)
    {
        var interest = (here.CanRead(there) ? EpollEvents.In : EpollEvents.None) | (here.Kept.IsEmpty ? EpollEvents.None : EpollEvents.Out);
        // The end of both directions is reported again and again, whatever is asked for.
        var watch = interest != EpollEvents.None || !here.IsShut;
        if (watch && !here.IsWatched) here.Token = loop.Add(here.Socket, interest, this);
        else if (!watch && here.IsWatched) loop.Remove(here.Socket, here.Token);
        else if (watch && interest != here.Interest) loop.Change(here.Socket, interest, here.Token);
        (here.IsWatched, here.Interest) = (watch, interest);
    }

    private sealed class Side(Fd socket)
    {
        private byte[]? buffer;
        private int start;
        private int end;

        public Fd Socket => socket;

        public ulong Token { get; set; }

        public bool IsWatched { get; set; } = true;

        public EpollEvents Interest { get; set; }

        /// <summary>Whether it sends no more.</summary>
        public bool HasEnded { get; set; }

        /// <summary>Whether it has been told that it gets no more.</summary>
        public bool IsShut { get; set; }

        public bool IsOver => HasEnded && IsShut;

        /// <summary>What it has not taken yet.</summary>
        public ReadOnlySpan<byte> Kept => buffer.AsSpan(start, end - start);

        public bool CanRead(Side other) => !HasEnded && other.Kept.IsEmpty;

        public void Keep(ReadOnlySpan<byte> bytes)
        {
            buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
            bytes.CopyTo(buffer);
            (start, end) = (0, bytes.Length);
        }

        public void Sent(int count)
        {
            start += count;
            if (start == end) Drop();
        }

        public void Drop()
        {
            if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
            (buffer, start, end) = (null, 0, 0);
        }
    }
}
