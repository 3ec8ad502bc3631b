namespace Tare.Engine.Containers;

/// <summary>Which containers <c>ps</c> shows, and how.</summary>
public sealed record ContainerListOptions
{
    /// <summary>Also those that do not run.</summary>
    public bool All { get; init; }

    /// <summary>At most so many, the newest first, whether they run or not; 0 is no limit.</summary>
    public int Limit { get; init; }

    /// <summary>With the sizes of their files.</summary>
    public bool Size { get; init; }

    /// <summary>Filters of <c>ps --filter</c>.</summary>
    public Filters Filters { get; init; } = Filters.None;
}

/// <summary>How a container is removed.</summary>
public sealed record ContainerRemoveOptions
{
    /// <summary>Kill it first when it runs.</summary>
    public bool Force { get; init; }

    /// <summary>Also its anonymous volumes.</summary>
    public bool Volumes { get; init; }

    /// <summary>Remove a link of that name and not the container.</summary>
    public bool Link { get; init; }
}

/// <summary>What <c>logs</c> shows. Times are as the API has them: Unix seconds with a fraction, RFC 3339, or empty.</summary>
public sealed record ContainerLogOptions
{
    /// <summary>Show stdout.</summary>
    public bool Stdout { get; init; }

    /// <summary>Show stderr.</summary>
    public bool Stderr { get; init; }

    /// <summary>Go on until the container ends.</summary>
    public bool Follow { get; init; }

    /// <summary>A time before each line.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Labels and variables named by the log options before each line.</summary>
    public bool Details { get; init; }

    /// <summary>A number of lines, or <c>all</c>; what is no number is all.</summary>
    public string Tail { get; init; } = "all";

    /// <summary>Only lines from then on.</summary>
    public string Since { get; init; } = "";

    /// <summary>Only lines before then.</summary>
    public string Until { get; init; } = "";
}

/// <summary>What <c>attach</c> joins.</summary>
public sealed record ContainerAttachOptions
{
    /// <summary>Send input.</summary>
    public bool Stdin { get; init; }

    /// <summary>Receive stdout.</summary>
    public bool Stdout { get; init; }

    /// <summary>Receive stderr.</summary>
    public bool Stderr { get; init; }

    /// <summary>First what was written before.</summary>
    public bool Logs { get; init; }

    /// <summary>What is written from now on.</summary>
    public bool Stream { get; init; }
}

/// <summary>When a wait ends.</summary>
public enum WaitCondition
{
    /// <summary>At once when the container does not run.</summary>
    NotRunning = 0,

    /// <summary>With the next end, even of a container that has not been started yet.</summary>
    NextExit,

    /// <summary>When the container is gone.</summary>
    Removed,
}
