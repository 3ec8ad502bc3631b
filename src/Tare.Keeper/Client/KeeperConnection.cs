using System.Runtime.InteropServices;
using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>
/// The talk with the keeper, and when it dies, with the next one: requests, their answers, and what the keeper tells unasked.
/// </summary>
/// <remarks>
/// One thread reads. What a keeper that died had not answered is asked of the next one: every request is idempotent.
/// </remarks>
/// <param name="options">Where the keeper is, and how to start one.</param>
/// <param name="gate">The client's lock: requests are written under it.</param>
/// <param name="reconcile">Speaks with every new keeper, before requests do.</param>
/// <param name="exited">Is told of ends, on the reading thread.</param>
/// <param name="ended">Is told, once, that there is no connection any more, and why; null: it was closed.</param>
internal sealed class KeeperConnection(KeeperClientOptions options, Lock gate, Func<Conversation, bool> reconcile, Action<ProcessExit> exited, Action<Exception?> ended) : IAsyncDisposable
{
    private readonly Dictionary<ulong, PendingRequest> pending = [];
    private readonly byte[] sendBuffer = new byte[Packet.MaxSize];
    private readonly byte[] receiveBuffer = new byte[Packet.MaxSize];
    private readonly List<Fd> sending = [];
    private readonly List<Fd> received = [];
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Fd? socket;
    private Fd? greeting;
    private Fd? keeperPidFd;
    private ulong lastRequest;
    private Exception? broken;
    private volatile bool disposed;

    /// <summary>The process id of the keeper that is connected.</summary>
    public int KeeperPid { get; private set; }

    /// <summary>Why there will be no keeper any more; null: there is one, or will be.</summary>
    public Exception? Broken
    {
        get
        {
            lock (gate) return broken;
        }
    }

    /// <summary>A number that no request and no watch has had.</summary>
    public ulong NextNumber()
    {
        lock (gate) return ++lastRequest;
    }

    /// <summary>Connects, and begins to read.</summary>
    public void Start()
    {
        Connect();
        new Thread(Read, 256 * 1024) { IsBackground = true, Name = "keeper's answers" }.Start();
    }

    /// <summary>Asks, and gives what is made of the answer, whichever keeper it comes from.</summary>
    public async Task<T> AskAsync<T>(PacketType type, PacketWriter write, AnswerParser<T> parse, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        ulong number;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (broken is not null) throw new TareException(ErrorKind.Unavailable, broken.Message, broken);
            number = ++lastRequest;
            pending.Add(number, new PendingRequest(type, write, Take, error => answer.TrySetException(error)));
            // Without a connection, the next one begins with it.
            if (socket is not null) _ = Send(socket, type, number, write);

            void Take(PacketType got, ReadOnlySpan<byte> fields, List<Fd> descriptors)
            {
                try
                {
                    answer.TrySetResult(parse(got, fields, descriptors));
                }
                catch (TareException error)
                {
                    answer.TrySetException(error);
                }
            }
        }
        try
        {
            return await answer.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The caller closes what the request refers to: it can be answered, but not asked again.
            lock (gate)
            {
                if (pending.TryGetValue(number, out var request)) pending[number] = request with { Abandoned = true };
            }
            _ = answer.Task.ContinueWith(
                static task => (task.Result as IDisposable)?.Dispose(),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Sends what has no answer; lost with the connection, as what it is about is.</summary>
    public void Tell(PacketType type, PacketWriter write)
    {
        lock (gate)
        {
            if (socket is not null && !disposed) _ = Send(socket, type, 0, write);
        }
    }

    /// <summary>Closes the connection, and waits until nobody reads any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            if (socket is not null) SeqPacketSocket.Shutdown(socket);
            if (greeting is not null) SeqPacketSocket.Shutdown(greeting);
        }
        await stopped.Task;
        lock (gate)
        {
            socket?.Dispose();
            keeperPidFd?.Dispose();
        }
    }

    /// <summary>Whether it was sent; null: it is void by now. False: the keeper is gone, which the reading thread sees as well.</summary>
    private bool? Send(Fd target, PacketType type, ulong request, PacketWriter write)
    {
        lock (gate)
        {
            Packet.WriteHeader(sendBuffer, type, request);
            var writer = new FieldWriter(sendBuffer.AsSpan(Packet.HeaderSize));
            sending.Clear();
            if (!write(ref writer, sending)) return null;
            try
            {
                return SeqPacketSocket.Send(target, sendBuffer.AsSpan(0, Packet.HeaderSize + writer.Length), CollectionsMarshal.AsSpan(sending), wait: true);
            }
            catch (LinuxException error) when (error.Error is Errno.EPIPE or Errno.ECONNRESET)
            {
                return false;
            }
        }
    }

    private void Read()
    {
        try
        {
            while (true)
            {
                while (Receive(socket!, out var type, out var request, out var fields)) Dispatch(type, request, fields);
                lock (gate)
                {
                    if (disposed) return;
                    socket!.Dispose();
                    socket = null;
                }
                AwaitKeeperEnd();
                options.Notice?.Invoke($"the connection to the keeper, process {KeeperPid}, has ended");
                Connect();
            }
        }
        catch (Exception error) when (error is TareException or IOException or UnauthorizedAccessException)
        {
            if (!disposed) options.Notice?.Invoke($"there is no keeper any more: {error.Message}");
            Break(error);
        }
        catch (ObjectDisposedException) when (disposed)
        {
            // Closed in the middle of the first talk with another keeper, which ends when it sees that.
        }
        finally
        {
            Break(new ObjectDisposedException(nameof(KeeperClient)));
            stopped.SetResult();
        }
    }

    private void Break(Exception error)
    {
        lock (gate)
        {
            broken ??= error;
            foreach (var request in pending.Values) request.Fail(broken);
            pending.Clear();
            ended(disposed ? null : broken);
        }
    }

    private bool Receive(Fd source, out PacketType type, out ulong request, out ReadOnlySpan<byte> fields)
    {
        foreach (var fd in received) fd.Dispose();
        received.Clear();
        var length = 0;
        try
        {
            length = SeqPacketSocket.Receive(source, receiveBuffer, received, wait: true);
        }
        catch (LinuxException error) when (error.Error == Errno.ECONNRESET)
        {
            // It died with requests of ours unread: an end like any other.
        }
        (type, request) = length > 0 ? Packet.ReadHeader(receiveBuffer.AsSpan(0, length)) : default;
        fields = length > 0 ? receiveBuffer.AsSpan(Packet.HeaderSize, length - Packet.HeaderSize) : default;
        return length > 0;
    }

    private void Dispatch(PacketType type, ulong request, ReadOnlySpan<byte> fields)
    {
        if (type == PacketType.Exited)
        {
            if (ProcessRecord.ReadExit(fields) is { } exit) exited(exit);
            return;
        }
        PendingRequest? asked;
        lock (gate)
        {
            if (!pending.Remove(request, out asked)) return; // nobody waits any more
        }
        asked.Read(type, fields, received);
    }

    private void Connect()
    {
        var connected = KeeperStarter.Connect(options, Greet);
        lock (gate)
        {
            greeting = null;
            socket = connected;
            if (disposed) SeqPacketSocket.Shutdown(connected);
            foreach (var (number, request) in pending.ToList())
            {
                if (request.Abandoned) pending.Remove(number);
                else _ = Send(connected, request.Type, number, request.Write);
            }
        }
    }

    /// <summary>The first talk with a keeper: who are you, and what is there to know. False: it has closed the connection.</summary>
    private bool Greet(Fd connection)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            greeting = connection;
        }
        return Talk(connection, PacketType.Hello, WriteHello, ReadWelcome) && reconcile((type, write, read) => Talk(connection, type, write, read));
    }

    private static bool WriteHello(ref FieldWriter writer, List<Fd> descriptors)
    {
        writer.Number(Field.LowestVersion, 1);
        writer.Number(Field.HighestVersion, Packet.Version);
        return true;
    }

    private void ReadWelcome(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        Answers.Expect(type, PacketType.Welcome, fields);
        var reader = new FieldReader(fields);
        while (reader.Next())
        {
            if (reader.Field == Field.Pid) KeeperPid = (int)reader.Number;
        }
        keeperPidFd?.Dispose();
        keeperPidFd = PidFds.TryOpen(KeeperPid, out _);
    }

    /// <summary>
    /// A process that is being killed closes its descriptors one by one: only when it has ended is its lock free for certain. One
    /// that closed the connection and lives on will take another connection.
    /// </summary>
    private void AwaitKeeperEnd()
    {
        if (keeperPidFd is null) return;
        using var epoll = new Epoll(1);
        epoll.Add(keeperPidFd, EpollEvents.In, 1);
        epoll.Wait(1000);
    }

    /// <summary>Asks and waits for the last of the answers; exits that come in between are taken.</summary>
    private bool Talk(Fd connection, PacketType type, PacketWriter write, AnswerReader read)
    {
        ulong number;
        lock (gate) number = ++lastRequest;
        if (Send(connection, type, number, write) is not true and var sent) return sent is null;
        while (Receive(connection, out var got, out var request, out var fields))
        {
            if (request != number)
            {
                Dispatch(got, request, fields);
                continue;
            }
            read(got, fields, received);
            if (got is not (PacketType.Kept or PacketType.Held)) return true;
        }
        return false;
    }
}
