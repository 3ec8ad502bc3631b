using System.Threading.Channels;
using Tare.Errors;
using Tare.Keeper.Client;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// The daemon's connection to the keeper. Starts one when there is none; when it dies, starts another and has it adopt every
/// living process from the descriptors that the client holds, and hold what the one before held.
/// </summary>
public sealed class KeeperClient : IKeeper, IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Channel<ProcessExit> exits = Channel.CreateUnbounded<ProcessExit>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Holdings holdings;
    private readonly HeldDescriptors descriptors;
    private readonly KeeperConnection connection;
    private readonly HoldQueue holds;

    private KeeperClient(KeeperClientOptions options)
    {
        holdings = new Holdings(gate, options.Notice);
        descriptors = new HeldDescriptors(gate, options.Notice);
        connection = new KeeperConnection(options, gate, talk => descriptors.Reconcile(talk) && holdings.Reconcile(talk), OnExited, reason => exits.Writer.TryComplete(reason));
        holds = new HoldQueue(connection, descriptors);
    }

    /// <inheritdoc/>
    public ChannelReader<ProcessExit> Exits => exits.Reader;

    /// <summary>The process id of the keeper that is connected.</summary>
    public int KeeperPid => connection.KeeperPid;

    /// <summary>Connects, or starts a keeper that survives the caller and connects.</summary>
    /// <exception cref="TareException">No keeper can be started, or the one that runs speaks another protocol.</exception>
    public static async Task<KeeperClient> ConnectAsync(KeeperClientOptions options, CancellationToken cancellationToken)
    {
        var client = new KeeperClient(options);
        await Task.Run(client.connection.Start, cancellationToken);
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
        return await connection.AskAsync(
            PacketType.Launch,
            (ref FieldWriter writer, List<Fd> descriptors) =>
            {
                record.Write(ref writer);
                descriptors.Add(request.Program);
                descriptors.AddRange(request.Descriptors);
                return true;
            },
            (type, fields, descriptors) =>
            {
                Answers.Expect(type, PacketType.Launched, fields);
                return holdings.TakeLaunched(fields, descriptors);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task CloseStdinAsync(ProcessKey key, CancellationToken cancellationToken)
    {
        holdings.CloseStdin(key);
        return connection.AskAsync(PacketType.CloseStdin, KeyWriter(key), Answers.ReadDone, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AcknowledgeAsync(ProcessKey key, CancellationToken cancellationToken)
    {
        await connection.AskAsync(PacketType.Acknowledge, KeyWriter(key), Answers.ReadDone, cancellationToken);
        holdings.Forget(key);
    }

    /// <inheritdoc/>
    public async Task<ILogWatch> WatchLogAsync(ProcessKey key, Fd eventFd, LogHold hold, CancellationToken cancellationToken)
    {
        var watch = new ClientWatch(this, connection.NextNumber(), key, eventFd, hold);
        holdings.Add(watch);
        try
        {
            return await connection.AskAsync<ILogWatch>(
                PacketType.Watch,
                watch.Write,
                (type, fields, _) =>
                {
                    Answers.Expect(type, PacketType.Watching, fields);
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
    public Task<IReadOnlyList<KeptProcess>> ListAsync(CancellationToken cancellationToken) =>
        connection.Broken is { } broken ? Task.FromException<IReadOnlyList<KeptProcess>>(broken) : Task.FromResult(holdings.List());

    /// <inheritdoc/>
    public Task HoldAsync(string name, IReadOnlyList<Fd> descriptors, CancellationToken cancellationToken) => holds.HoldAsync(name, descriptors, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(string name, CancellationToken cancellationToken) => holds.ReleaseAsync(name, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Holding>> HoldingsAsync(CancellationToken cancellationToken) =>
        connection.Broken is { } broken ? Task.FromException<IReadOnlyList<Holding>>(broken) : Task.FromResult(descriptors.List());

    /// <inheritdoc/>
    public Task UpgradeAsync(Fd? binary, CancellationToken cancellationToken) =>
        connection.AskAsync(
            PacketType.Upgrade,
            (ref FieldWriter _, List<Fd> descriptors) =>
            {
                if (binary is not null) descriptors.Add(binary);
                return true;
            },
            Answers.ReadDone,
            cancellationToken);

    /// <summary>Closes the connection. Keeper and processes go on.</summary>
    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        holdings.Dispose();
        descriptors.Dispose();
    }

    internal void Advance(ClientWatch watch, long position) => connection.Tell(PacketType.Advance, (ref FieldWriter writer, List<Fd> _) =>
    {
        writer.Number(Field.Watch, (long)watch.Id);
        writer.Number(Field.Position, position);
        return true;
    });

    internal void Unwatch(ClientWatch watch)
    {
        if (!holdings.Remove(watch)) return;
        connection.Tell(PacketType.Unwatch, (ref FieldWriter writer, List<Fd> _) =>
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

    private void OnExited(ProcessExit exit)
    {
        if (holdings.TakeExit(exit)) exits.Writer.TryWrite(exit);
    }
}
