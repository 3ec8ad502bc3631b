namespace Tare.Client;

/// <summary>Which containers to list.</summary>
public sealed record ContainerListOptions
{
    /// <summary>Also those that are not running.</summary>
    public bool All { get; init; }

    /// <summary>The last so many that were created, running or not; null for no limit.</summary>
    public int? Limit { get; init; }

    /// <summary>Computes sizes, which reads every file of the writable layers.</summary>
    public bool Size { get; init; }

    /// <summary>Only those that match.</summary>
    public Filters? Filters { get; init; }
}

/// <summary>How a container is stopped.</summary>
public sealed record StopOptions
{
    /// <summary>The signal; null takes the container's own.</summary>
    public string? Signal { get; init; }

    /// <summary>Seconds before it is killed; negative waits for ever, null takes the container's own.</summary>
    public int? Timeout { get; init; }
}

/// <summary>What goes with a container.</summary>
public sealed record RemoveOptions
{
    /// <summary>Kills it when it runs.</summary>
    public bool Force { get; init; }

    /// <summary>Removes its anonymous volumes.</summary>
    public bool Volumes { get; init; }

    /// <summary>Removes a link of that name instead of the container.</summary>
    public bool Link { get; init; }
}

/// <summary>Which streams an attached client has.</summary>
public sealed record AttachOptions
{
    /// <summary>Attaches stdin.</summary>
    public bool Stdin { get; init; }

    /// <summary>Attaches stdout.</summary>
    public bool Stdout { get; init; } = true;

    /// <summary>Attaches stderr.</summary>
    public bool Stderr { get; init; } = true;

    /// <summary>Begins with the output so far.</summary>
    public bool Logs { get; init; }

    /// <summary>Goes on with the output to come.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>The keys that detach, such as <c>ctrl-p,ctrl-q</c>; null takes the engine's default.</summary>
    public string? DetachKeys { get; init; }

    /// <summary>Whether the container has a terminal. Null takes the engine's word for it, which engines before API 1.42 do not give.</summary>
    public bool? Tty { get; init; }
}

/// <summary>Which part of a log.</summary>
public sealed record LogOptions
{
    /// <summary>With stdout.</summary>
    public bool Stdout { get; init; } = true;

    /// <summary>With stderr.</summary>
    public bool Stderr { get; init; } = true;

    /// <summary>Goes on with what is written later.</summary>
    public bool Follow { get; init; }

    /// <summary>Begins each line with the time it was written at.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Begins each line with the attributes of the log.</summary>
    public bool Details { get; init; }

    /// <summary>The last so many lines, or <c>all</c>.</summary>
    public string? Tail { get; init; }

    /// <summary>Unix seconds, with a fraction if need be: nothing that was written before.</summary>
    public string? Since { get; init; }

    /// <summary>Unix seconds, with a fraction if need be: nothing that was written after.</summary>
    public string? Until { get; init; }

    /// <summary>As in <see cref="AttachOptions.Tty"/>.</summary>
    public bool? Tty { get; init; }
}

/// <summary>What to wait for.</summary>
public enum WaitCondition
{
    /// <summary>It does not run; true at once for a container that has never run.</summary>
    NotRunning,

    /// <summary>It exits once more from now on.</summary>
    NextExit,

    /// <summary>It is removed.</summary>
    Removed,
}
