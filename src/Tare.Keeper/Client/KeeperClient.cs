using System.Threading.Channels;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>How the daemon reaches, and when need be starts, the keeper.</summary>
public sealed record KeeperClientOptions
{
    /// <summary>The folder of the keeper's socket and journal.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>The program that becomes a keeper; by default this process's own.</summary>
    public string Executable { get; init; } = "/proc/self/exe";

    /// <summary>The arguments that make it a keeper, ahead of <c>--exec-root</c>.</summary>
    public IReadOnlyList<string> RoleArguments { get; init; } = ["keeper"];

    /// <summary>Is told in one line what nobody waits for: a keeper that died, that was started, that adopted.</summary>
    public Action<string>? Notice { get; init; }
}

/// <summary>
/// The daemon's connection to the keeper. Starts one when there is none; when it dies, starts another and has it adopt every
/// living process from the descriptors that the client holds.
/// </summary>
public sealed class KeeperClient : IKeeper, IAsyncDisposable
{
    private KeeperClient()
    {
    }

    /// <inheritdoc/>
    public ChannelReader<ProcessExit> Exits { get; } = Channel.CreateUnbounded<ProcessExit>().Reader;

    /// <summary>Connects, or starts a keeper that survives the caller and connects.</summary>
    public static Task<KeeperClient> ConnectAsync(KeeperClientOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public Task<LaunchedProcess> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public Task CloseStdinAsync(ProcessKey key, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public Task AcknowledgeAsync(ProcessKey key, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public Task<ILogWatch> WatchLogAsync(ProcessKey key, Fd eventFd, LogHold hold, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeptProcess>> ListAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public Task UpgradeAsync(Fd? binary, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Closes the connection. Keeper and processes go on.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
