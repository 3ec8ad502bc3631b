using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Somebody who wants to be woken when a log grows, and what he still needs of it.</summary>
internal sealed class LogWatcher
{
    public required ulong Session { get; init; }

    public required ulong Id { get; init; }

    public required ProcessKey Key { get; init; }

    public required Fd EventFd { get; init; }

    public required LogHold Hold { get; init; }

    /// <summary>What it has read. Written by the loop, under the log's lock.</summary>
    public long Position { get; set; }

    /// <summary>The request that has not been answered yet; 0: it has.</summary>
    public ulong Request { get; set; }
}
