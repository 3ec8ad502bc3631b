namespace Tare.Runtime.Cgroups;

/// <summary>What a role wants of its control groups.</summary>
[Flags]
internal enum GroupOptions
{
    None = 0,

    /// <summary>Without root's rights: a directory that may not be made is done without, and device rules are best effort.</summary>
    Rootless = 1,

    /// <summary>The place was asked for by name: it is made, or that fails.</summary>
    ExplicitPath = 2,

    /// <summary>A group that is there already may be used if nobody is in it and it is not frozen.</summary>
    RefuseOccupied = 4,

    /// <summary>A limit of swap is left out where the kernel does not count swap, as dockerd does.</summary>
    SwapOptional = 8,

    /// <summary>Something else than this object has made the directories and put processes in them.</summary>
    MadeBySystemd = 16,

    /// <summary>When the top of the hierarchy is itself a container's, what is in it is moved below, so that it can pass controllers on (v2).</summary>
    VacateTop = 32,

    /// <summary>The daemon's: its groups are its own, under names that nobody else uses.</summary>
    Daemon = SwapOptional | VacateTop,
}
