using Tare.Linux;

namespace Tare.Keeper;

/// <summary>The living side of a log: the process that writes it.</summary>
/// <param name="Keeper">Who keeps the process.</param>
/// <param name="Poller">What waits for its wake-ups.</param>
/// <param name="Key">Which process.</param>
public sealed record LogSource(IKeeper Keeper, Poller Poller, ProcessKey Key);

/// <summary>Where a reader begins.</summary>
public readonly record struct LogPosition
{
    private LogPosition(long offset) => Offset = offset;

    /// <summary>The oldest output that is still there.</summary>
    public static LogPosition Oldest => new(0);

    /// <summary>The first output of the process of <see cref="LogReadOptions.Source"/>.</summary>
    public static LogPosition ProcessStart => new(-1);

    /// <summary>Behind the newest output.</summary>
    public static LogPosition Newest => new(-2);

    /// <summary>An offset that a reader gave before; when it is gone, the oldest that is still there.</summary>
    public static LogPosition At(long offset) => new(offset);

    internal long Offset { get; }
}

/// <summary>What to read of a log.</summary>
public sealed record LogReadOptions
{
    /// <summary>The log's folder. A folder that does not exist is an empty log.</summary>
    public required string Directory { get; init; }

    /// <summary>
    /// The process that may still be writing. With it, a reader reads up to what was written when it was opened, or with
    /// <see cref="Follow"/> to the process's end. Without it the log is taken to be finished.
    /// </summary>
    public LogSource? Source { get; init; }

    /// <summary>Whether to go on until the process's end; needs <see cref="Source"/>. When it is not kept any more, the log is finished.</summary>
    public bool Follow { get; init; }

    /// <summary>What a following reader needs of the segments that it has not read yet: an attached client requires them.</summary>
    public LogHold Hold { get; init; } = LogHold.Prefer;

    /// <summary>Where to begin.</summary>
    public LogPosition From { get; init; } = LogPosition.Oldest;

    /// <summary>Only the last so many lines of what is there (both streams together), and what follows them.</summary>
    public int? Tail { get; init; }

    /// <summary>Only lines and chunks of this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only lines and chunks up to this time; a following reader ends then.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The clock for <see cref="Until"/>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>Output as it was read from the process. The data is valid until the next read.</summary>
/// <param name="Stream">1 stdout or terminal, 2 stderr.</param>
/// <param name="Time">When it was read.</param>
/// <param name="Data">The bytes.</param>
public readonly record struct LogChunk(int Stream, DateTimeOffset Time, ReadOnlyMemory<byte> Data);

/// <summary>
/// A line, or a piece of one that is longer than 16 KiB. The data is valid until the next read; it ends in a newline unless
/// another piece follows or the output ended without one.
/// </summary>
/// <param name="Stream">1 stdout or terminal, 2 stderr.</param>
/// <param name="Time">When the line's first byte was read.</param>
/// <param name="Data">The bytes, with the newline.</param>
/// <param name="Continues">Whether it goes on with a line whose first piece came before on the same stream.</param>
public readonly record struct LogLine(int Stream, DateTimeOffset Time, ReadOnlyMemory<byte> Data, bool Continues);
