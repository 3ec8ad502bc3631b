using Tare.Engine.Containers;
using Tare.Keeper;
using Tare.Linux;

namespace Tare.Engine.Streams;

/// <summary>
/// A client attached to a container: output comes from the log, by offset, and input goes to the process. Before the container is started
/// both wait for the launch.
/// </summary>
internal sealed class AttachStream : IProcessStreams
{
    private readonly ContainerAttachOptions options;
    private readonly AttachSetup setup;
    private readonly CancellationTokenSource ending = new();
    private readonly Task<LiveProcess?> process;
    private LogReader? reader;
    private AttachList.Pending? pending;
    private bool past;
    private bool ended;
    private bool inputClosed;
    private bool detached;

    /// <summary>Attaches to a process that lives, or with <paramref name="pending"/> to the next one.</summary>
    public AttachStream(ContainerAttachOptions options, AttachSetup setup, LiveProcess? live, AttachList.Pending? pending)
    {
        this.options = options;
        this.setup = setup;
        this.pending = pending;
        past = options.Logs;
        process = pending?.Process ?? Task.FromResult(live);
    }

    /// <inheritdoc/>
    public bool Terminal => setup.Terminal;

    /// <summary>Opens the log of a process that lives, so that what it writes from now on is read.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (options.Stream && pending is null && process.Result is { } live)
        {
            // With the past wanted too, one reader gives both without a seam.
            reader = await OpenReaderAsync(live.Key, past ? LogPosition.Oldest : LogPosition.Newest, cancellationToken);
            past = false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<OutputChunk?> ReadAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending.Token);
        try
        {
            while (!ended)
            {
                if (reader is null && !await NextReaderAsync(either.Token)) break;
                while (await reader!.ReadChunkAsync(either.Token) is { } chunk)
                {
                    if (chunk.Stream == 1 ? options.Stdout : options.Stderr) return new OutputChunk(chunk.Stream, chunk.Data);
                }
                await reader.DisposeAsync();
                reader = null;
                // The past is read; what is left is the process, once.
                if (past) past = false;
                else ended = true;
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The client's input has ended, and with it the session.
        }
        ended = true;
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!options.Stdin || !setup.OpenStdin || !options.Stream) return;
        var live = await process.WaitAsync(cancellationToken);
        if (live?.Input is { } input) await input.WriteAsync(data, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask CloseStdinAsync(CancellationToken cancellationToken)
    {
        if (!options.Stdin || !setup.OpenStdin || !options.Stream || inputClosed) return;
        inputClosed = true;
        if (!setup.StdinOnce || Terminal)
        {
            // As with Docker: an attach whose input has ended is over, and the container goes on.
            await ending.CancelAsync();
            return;
        }
        var live = await process.WaitAsync(cancellationToken);
        if (live is null) return;
        live.Input?.Dispose();
        await setup.Keeper.CloseStdinAsync(live.Key, cancellationToken);
    }

    /// <inheritdoc/>
    public void ReportDetached()
    {
        detached = true;
        setup.Detached();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A client that has gone without a word can send nothing more either.
        if (!detached && process.IsCompleted) await CloseStdinAsync(CancellationToken.None);
        pending?.Dispose();
        if (reader is not null) await reader.DisposeAsync();
        setup.Reading.Dispose();
        ending.Dispose();
    }

    private async Task<bool> NextReaderAsync(CancellationToken cancellationToken)
    {
        if (past)
        {
            reader = await LogReader.OpenAsync(new LogReadOptions { Directory = setup.LogDirectory }, cancellationToken);
            return true;
        }
        if (!options.Stream || pending is null) return false;
        var live = await process.WaitAsync(cancellationToken);
        if (live is not null) reader = await OpenReaderAsync(live.Key, LogPosition.ProcessStart, cancellationToken);
        pending.Dispose();
        pending = null;
        return reader is not null;
    }

    private ValueTask<LogReader> OpenReaderAsync(ProcessKey key, LogPosition from, CancellationToken cancellationToken) => LogReader.OpenAsync(
        new LogReadOptions
        {
            Directory = setup.LogDirectory,
            Source = new LogSource(setup.Keeper, setup.Poller, key),
            Follow = true,
            Hold = LogHold.Require,
            From = from,
        },
        cancellationToken);
}

/// <summary>What an attached client needs of its container and of the engine.</summary>
internal sealed record AttachSetup
{
    public required IKeeper Keeper { get; init; }

    public required Poller Poller { get; init; }

    public required string LogDirectory { get; init; }

    /// <summary>Keeps the log's files; disposed with the stream.</summary>
    public required IDisposable Reading { get; init; }

    public required bool Terminal { get; init; }

    public required bool OpenStdin { get; init; }

    public required bool StdinOnce { get; init; }

    /// <summary>Publishes the event.</summary>
    public required Action Detached { get; init; }
}
