using System.Threading.Channels;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// The keeper, as the daemon sees it: parent of every process of every container. It carries out and does not decide.
/// </summary>
public interface IKeeper
{
    /// <summary>
    /// The ends of processes, each once per connection of a daemon; those that nobody has acknowledged come again to the next
    /// daemon. There is one reader.
    /// </summary>
    ChannelReader<ProcessExit> Exits { get; }

    /// <summary>
    /// Launches a process; completes when its program has been executed. Repeated with the same key, it gives the first one's
    /// result. When it is cancelled, the process may be launched nonetheless, and is then in <see cref="ListAsync"/>.
    /// </summary>
    /// <exception cref="LaunchFailedException">A step failed; nothing was executed and nothing is kept.</exception>
    Task<LaunchedProcess> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Closes the stdin that keeper and client hold. The process sees the end of file when the caller's own write ends are
    /// closed as well. Nothing happens when it has no open stdin or is not kept any more.
    /// </summary>
    Task CloseStdinAsync(ProcessKey key, CancellationToken cancellationToken);

    /// <summary>
    /// The process's end has been recorded durably: the keeper forgets it. Nothing happens when it is not kept any more.
    /// </summary>
    /// <exception cref="Errors.TareException">It is still running (<see cref="Errors.ErrorKind.Conflict"/>).</exception>
    Task AcknowledgeAsync(ProcessKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Has an eventfd signalled whenever the process's log has grown or has ended. <see cref="LogReader"/> does this by itself.
    /// The descriptor stays the caller's and must stay open until the watch is disposed.
    /// </summary>
    /// <exception cref="Errors.TareException">No such process is kept, or it has no log (<see cref="Errors.ErrorKind.NotFound"/>).</exception>
    Task<ILogWatch> WatchLogAsync(ProcessKey key, Fd eventFd, LogHold hold, CancellationToken cancellationToken);

    /// <summary>All kept processes, with duplicates of their descriptors, which are the caller's to dispose.</summary>
    Task<IReadOnlyList<KeptProcess>> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Has the keeper hold duplicates of descriptors under a name, in place of those that it held under it, for as long as a keeper
    /// lives: also when the daemon ends and the keeper is upgraded. They are only held; nothing reads them, and they do not keep the
    /// keeper from ending. The name has the whole new list or, until then, the old one. When it is cancelled, they may be held
    /// nonetheless. No descriptors at all are as <see cref="ReleaseAsync"/>. The caller's own stay the caller's.
    /// </summary>
    /// <param name="name">1 to 255 bytes of UTF-8, such as <c>ports/ID</c>.</param>
    /// <param name="descriptors">At most 65,536.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="Errors.TareException">
    /// The name or the number is not allowed; (unavailable) they would be more than three quarters of what the keeper can open, or
    /// there is no keeper; (not implemented) the keeper is older and holds nothing.
    /// </exception>
    Task HoldAsync(string name, IReadOnlyList<Fd> descriptors, CancellationToken cancellationToken);

    /// <summary>
    /// Has the keeper close what it holds under a name; they are closed when it completes. Nothing happens when it holds nothing.
    /// </summary>
    /// <exception cref="Errors.TareException">The name is not allowed, or there is no keeper.</exception>
    Task ReleaseAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// All that the keeper holds, also for a daemon before this one, with duplicates, which are the caller's to dispose.
    /// </summary>
    Task<IReadOnlyList<Holding>> HoldingsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Has the keeper become the given program, in place, keeping every child, descriptor and connection; null: the file that it
    /// was started from.
    /// </summary>
    /// <exception cref="Errors.TareException">
    /// The new program refused the handover, or (unavailable) the disk of a log does not answer; the old keeper goes on.
    /// </exception>
    Task UpgradeAsync(Fd? binary, CancellationToken cancellationToken);
}

/// <summary>What a watcher of a log needs of the segments that it has not read yet.</summary>
public enum LogHold
{
    /// <summary>Nothing; a wake-up is all.</summary>
    None = 0,

    /// <summary>Segments from the watcher's position on are kept until the log has twice its maximum size; then the oldest go.</summary>
    Prefer = 1,

    /// <summary>As <see cref="Prefer"/>, but then the process's output waits (and so, in the end, the process).</summary>
    Require = 2,
}

/// <summary>A registered interest in a log. Disposing it ends the registration.</summary>
public interface ILogWatch : IAsyncDisposable
{
    /// <summary>The offset where the process's output begins.</summary>
    long Start { get; }

    /// <summary>The offset up to which whole frames were written when the watch began: a true boundary.</summary>
    long Committed { get; }

    /// <summary>The offset behind the process's last output, as soon as it has ended; the eventfd is signalled then.</summary>
    long? End { get; }

    /// <summary>Tells that segments which end at or before a position are no longer needed. Costs one message; call it once per segment.</summary>
    void Advance(long position);
}
