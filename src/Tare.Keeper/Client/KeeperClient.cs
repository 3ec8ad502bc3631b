using System.Runtime.InteropServices;
using System.Threading.Channels;
using Tare.Errors;
using Tare.Keeper.Client;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// The daemon's connection to the keeper. Starts one when there is none; when it dies, starts another and has it adopt every
/// living process from the descriptors that the client holds.
/// </summary>
/// <remarks>
/// One thread reads. What a keeper that died had not answered is asked of the next one: every request is idempotent.
/// </remarks>
public sealed class KeeperClient : IKeeper, IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly KeeperClientOptions options;
    private readonly Channel<ProcessExit> exits = Channel.CreateUnbounded<ProcessExit>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<ulong, PendingRequest> pending = [];
    private readonly Dictionary<ProcessKey, HeldProcess> held = [];
    private readonly Dictionary<ulong, ClientWatch> watches = [];
    private readonly byte[] sendBuffer = new byte[Packet.MaxSize];
    private readonly byte[] receiveBuffer = new byte[Packet.MaxSize];
    private readonly List<Fd> sending = [];
    private readonly List<Fd> received = [];
    private readonly Thread thread;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Fd? socket;
    private Fd? greeting;
    private Fd? keeperPidFd;
    private ulong lastRequest;
    private Exception? broken;
    private bool disposed;

    private KeeperClient(KeeperClientOptions options)
    {
        this.options = options;
        thread = new Thread(Read, 256 * 1024) { IsBackground = true, Name = "keeper's answers" };
    }

    /// <inheritdoc/>
    public ChannelReader<ProcessExit> Exits => exits.Reader;

    /// <summary>The process id of the keeper that is connected.</summary>
    public int KeeperPid { get; private set; }

    /// <summary>Connects, or starts a keeper that survives the caller and connects.</summary>
    /// <exception cref="TareException">No keeper can be started, or the one that runs speaks another protocol.</exception>
    public static async Task<KeeperClient> ConnectAsync(KeeperClientOptions options, CancellationToken cancellationToken)
    {
        var client = new KeeperClient(options);
        await Task.Run(client.Connect, cancellationToken);
        client.thread.Start();
        return client;
    }

    /// <inheritdoc/>
    public async Task<LaunchedProcess> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        if (request.Output == OutputTarget.Log && request.Log is null) throw new ArgumentException("a log needs a folder", nameof(request));
        if (request.Descriptors.Count > 240) throw TareException.Invalid($"a launch takes at most 240 descriptors, not {request.Descriptors.Count}");
        var record = new ProcessRecord
        {
            Key = request.Key,
            Container = request.Container,
            Terminal = request.Terminal,
            OpenStdin = request.OpenStdin,
            Output = request.Output,
            Log = request.Log,
        };
        return await AskAsync(
            PacketType.Launch,
            (ref FieldWriter writer, List<Fd> descriptors) =>
            {
                record.Write(ref writer);
                descriptors.Add(request.Program);
                descriptors.AddRange(request.Descriptors);
                return true;
            },
            ReadLaunched,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task CloseStdinAsync(ProcessKey key, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (held.TryGetValue(key, out var process)) process.CloseStdin();
        }
        return AskAsync(PacketType.CloseStdin, KeyWriter(key), ReadDone, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AcknowledgeAsync(ProcessKey key, CancellationToken cancellationToken)
    {
        await AskAsync(PacketType.Acknowledge, KeyWriter(key), ReadDone, cancellationToken);
        lock (gate)
        {
            if (held.Remove(key, out var process)) process.Dispose();
        }
    }

    /// <inheritdoc/>
    public async Task<ILogWatch> WatchLogAsync(ProcessKey key, Fd eventFd, LogHold hold, CancellationToken cancellationToken)
    {
        ClientWatch watch;
        lock (gate)
        {
            watch = new ClientWatch(this, ++lastRequest, key, eventFd, hold);
            watches.Add(watch.Id, watch);
        }
        try
        {
            return await AskAsync<ILogWatch>(
                PacketType.Watch,
                watch.Write,
                (type, fields, _) =>
                {
                    Expect(type, PacketType.Watching, fields);
                    watch.Begin(fields);
                    return watch;
                },
                cancellationToken);
        }
        catch
        {
            Unwatch(watch);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeptProcess>> ListAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (broken is not null) return Task.FromException<IReadOnlyList<KeptProcess>>(broken);
            return Task.FromResult<IReadOnlyList<KeptProcess>>([.. held.Values.Select(Describe)]);
        }
    }

    /// <inheritdoc/>
    public Task UpgradeAsync(Fd? binary, CancellationToken cancellationToken) =>
        AskAsync(
            PacketType.Upgrade,
            (ref FieldWriter _, List<Fd> descriptors) =>
            {
                if (binary is not null) descriptors.Add(binary);
                return true;
            },
            ReadDone,
            cancellationToken);

    /// <summary>Closes the connection. Keeper and processes go on.</summary>
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
            foreach (var process in held.Values) process.Dispose();
            held.Clear();
        }
    }

    internal void Advance(ClientWatch watch, long position) => Tell(PacketType.Advance, (ref FieldWriter writer, List<Fd> _) =>
    {
        writer.Number(Field.Watch, (long)watch.Id);
        writer.Number(Field.Position, position);
        return true;
    });

    internal void Unwatch(ClientWatch watch)
    {
        lock (gate)
        {
            if (!watches.Remove(watch.Id)) return;
        }
        Tell(PacketType.Unwatch, (ref FieldWriter writer, List<Fd> _) =>
        {
            writer.Number(Field.Watch, (long)watch.Id);
            return true;
        });
    }

    private static PacketWriter KeyWriter(ProcessKey key) => (ref FieldWriter writer, List<Fd> _) =>
    {
        ProcessRecord.WriteKey(ref writer, key);
        return true;
    };

    private static bool WriteNothing(ref FieldWriter writer, List<Fd> descriptors) => true;

    private static bool ReadDone(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        Expect(type, PacketType.Done, fields);
        return true;
    }

    /// <summary>Turns an answer that is another than the expected one into its error.</summary>
    private static void Expect(PacketType type, PacketType expected, ReadOnlySpan<byte> fields)
    {
        if (type == expected) return;
        var reader = new FieldReader(fields);
        long step = 0, error = 0;
        var message = $"the keeper answered with {type}";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Step: step = reader.Number; break;
                case Field.Error: error = reader.Number; break;
                case Field.Message: message = reader.Text; break;
            }
        }
        throw type == PacketType.LaunchFailed ? new LaunchFailedException((int)step, (int)error) : new TareException((ErrorKind)error, message);
    }

    private static KeptProcess Describe(HeldProcess process) => new()
    {
        Key = process.Record.Key,
        Container = process.Record.Container,
        Pid = process.Record.Pid,
        StartedAt = process.Record.StartedAt,
        HasTerminal = process.Record.Terminal,
        Output = process.Record.Output,
        Log = process.Record.Log,
        Exit = process.Record.Exit,
        PidFd = process.Copy(Slots.PidFd),
        Stdin = process.Copy(Slots.Stdin),
        Terminal = process.Copy(Slots.Master),
    };

    private LaunchedProcess ReadLaunched(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        Expect(type, PacketType.Launched, fields);
        var process = new HeldProcess(ProcessRecord.Read(fields), descriptors);
        lock (gate)
        {
            if (held.Remove(process.Record.Key, out var before)) before.Dispose(); // a launch that was repeated
            held.Add(process.Record.Key, process);
            var toCaller = process.Record.Output == OutputTarget.Caller;
            return new LaunchedProcess
            {
                Key = process.Record.Key,
                Pid = process.Record.Pid,
                StartedAt = process.Record.StartedAt,
                PidFd = process.Copy(Slots.PidFd) ?? throw TareException.Internal($"process {process.Record.Key} has ended, and no keeper can open it any more"),
                Stdin = process.Copy(Slots.Stdin),
                Stdout = toCaller ? process.Copy(Slots.Stdout) : null,
                Stderr = toCaller ? process.Copy(Slots.Stderr) : null,
                Terminal = process.Copy(Slots.Master),
            };
        }
    }

    private delegate T AnswerParser<out T>(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors);

    private async Task<T> AskAsync<T>(PacketType type, PacketWriter write, AnswerParser<T> parse, CancellationToken cancellationToken)
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
    private void Tell(PacketType type, PacketWriter write)
    {
        lock (gate)
        {
            if (socket is not null && !disposed) _ = Send(socket, type, 0, write);
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
            exits.Writer.TryComplete(disposed ? null : broken);
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
            if (ProcessRecord.ReadExit(fields) is { } exit) TakeExit(exit);
            return;
        }
        PendingRequest? asked;
        lock (gate)
        {
            if (!pending.Remove(request, out asked)) return; // nobody waits any more
        }
        asked.Read(type, fields, received);
    }

    private void TakeExit(ProcessExit exit)
    {
        List<ClientWatch> woken;
        lock (gate)
        {
            if (held.TryGetValue(exit.Key, out var process))
            {
                if (process.Record.Exit is not null) return; // another keeper tells it again
                process.Record = process.Record with { Exit = exit };
            }
            woken = [.. watches.Values.Where(watch => watch.Key == exit.Key)];
        }
        foreach (var watch in woken) watch.Finish(exit.LogEnd);
        exits.Writer.TryWrite(exit);
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

    /// <summary>
    /// The first talk with a keeper: who are you; here is what I hold; tell me what has ended; what else do you keep? False: it
    /// has closed the connection.
    /// </summary>
    private bool Greet(Fd connection)
    {
        List<HeldProcess> living;
        List<ClientWatch> watching;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            greeting = connection;
            living = [.. held.Values.Where(process => process.Record.Exit is null)];
            watching = [.. watches.Values.Where(watch => watch.End is null)];
        }
        if (!Talk(connection, PacketType.Hello, WriteHello, ReadWelcome)) return false;
        foreach (var process in living)
        {
            if (!Talk(connection, PacketType.Adopt, (ref FieldWriter writer, List<Fd> descriptors) => WriteAdoption(process, ref writer, descriptors), ReadAdopted)) return false;
        }
        foreach (var watch in watching)
        {
            if (!Talk(connection, PacketType.Watch, watch.Write, IgnoreAnswer)) return false;
        }
        if (living.Count > 0) options.Notice?.Invoke($"the keeper adopted {living.Count} processes");
        // The list before the exits: an exit is then never of a process that is not held.
        return Talk(connection, PacketType.List, WriteNothing, ReadKept) && Talk(connection, PacketType.Subscribe, WriteNothing, IgnoreAnswer);
    }

    private static bool WriteHello(ref FieldWriter writer, List<Fd> descriptors)
    {
        writer.Number(Field.LowestVersion, 1);
        writer.Number(Field.HighestVersion, Packet.Version);
        return true;
    }

    private bool WriteAdoption(HeldProcess process, ref FieldWriter writer, List<Fd> descriptors)
    {
        lock (gate)
        {
            (process.Record with { Slots = process.Collect(descriptors) }).Write(ref writer);
            return true;
        }
    }

    private void ReadWelcome(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        Expect(type, PacketType.Welcome, fields);
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

    private void ReadAdopted(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        try
        {
            Expect(type, PacketType.Done, fields);
        }
        catch (TareException error)
        {
            options.Notice?.Invoke($"the keeper did not adopt a process: {error.Message}");
        }
    }

    private static void IgnoreAnswer(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
    }

    private void ReadKept(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        if (type != PacketType.Kept) return;
        var record = ProcessRecord.Read(fields);
        lock (gate)
        {
            if (held.ContainsKey(record.Key)) return;
            // An end that the list already has comes again as an exit: that one is for the engine.
            held.Add(record.Key, new HeldProcess(record with { Exit = null }, descriptors));
        }
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
            if (got != PacketType.Kept) return true;
        }
        return false;
    }
}
