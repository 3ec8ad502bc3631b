namespace Tare.Keeper.Server;

/// <summary>What the parts of the keeper share. All of it belongs to the loop's thread.</summary>
internal sealed class KeeperState(EventLoop loop, LogWriters logs, Journal journal, TimeProvider clock, Action<string> complain)
{
    public EventLoop Loop { get; } = loop;

    public LogWriters Logs { get; } = logs;

    public Journal Journal { get; } = journal;

    public TimeProvider Clock { get; } = clock;

    /// <summary>Writes a line to the keeper's own log.</summary>
    public Action<string> Complain { get; } = complain;

    public Dictionary<ProcessKey, KeptChild> Children { get; } = [];

    /// <summary>Launches during which the last keeper was killed.</summary>
    public HashSet<ProcessKey> Aborted { get; } = [];
}
