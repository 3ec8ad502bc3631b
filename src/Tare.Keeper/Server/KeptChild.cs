using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Where a process is in its life. It only ever goes to the next.</summary>
internal enum Phase
{
    /// <summary>The launcher runs its program; who waits for the answer is in <see cref="LaunchState.Waiting"/>.</summary>
    Launching = 0,

    /// <summary>The program was executed.</summary>
    Running = 1,

    /// <summary>Known from the journal alone, and gone: a daemon may still hold the descriptor that tells how it ended.</summary>
    Lost = 2,

    /// <summary>It has ended, and its output is on its way to the log.</summary>
    Ending = 3,

    /// <summary>It has ended, and waits to be acknowledged.</summary>
    Ended = 4,
}

/// <summary>One process that the keeper keeps, from the request on until its end is acknowledged.</summary>
internal sealed class KeptChild
{
    public required ProcessRecord Record { get; set; }

    public Phase Phase { get; set; }

    public ProcessKey Key => Record.Key;

    /// <summary>The session that gets the output of <see cref="OutputTarget.Caller"/>; 0: none any more.</summary>
    public ulong Owner { get; set; }

    /// <summary>Whether it came from another keeper and so is nobody's child here.</summary>
    public bool Adopted { get; set; }

    /// <summary>Whether it is known from the journal alone, and a daemon may still bring its descriptors.</summary>
    public bool Bare { get; set; }

    public Fd? PidFd { get; set; }

    public ulong PidFdToken { get; set; }

    public Fd? Stdin { get; set; }

    public Fd? Stdout { get; set; }

    public Fd? Stderr { get; set; }

    public Fd? Master { get; set; }

    public ProcessLog? Log { get; set; }

    /// <summary>What the loop itself reads and drops: the outputs that nobody wants.</summary>
    public List<OutputStream> Drained { get; } = [];

    /// <summary>How it ended, when that is known.</summary>
    public WaitStatus? Status { get; set; }

    /// <summary>When it was seen to have ended.</summary>
    public DateTimeOffset EndedAt { get; set; }

    /// <summary>The launch under way.</summary>
    public LaunchState? Launch { get; set; }

    /// <summary>Which descriptors there are, in the order of <see cref="Slots"/>, and which.</summary>
    public Slots Descriptors(List<Fd> into)
    {
        var slots = Slots.None;
        Add(PidFd, Slots.PidFd);
        Add(Stdin, Slots.Stdin);
        Add(Stdout, Slots.Stdout);
        Add(Stderr, Slots.Stderr);
        Add(Master, Slots.Master);
        return slots;

        void Add(Fd? fd, Slots slot)
        {
            if (fd is null) return;
            slots |= slot;
            into.Add(fd);
        }
    }
}

/// <summary>A launch under way.</summary>
internal sealed class LaunchState
{
    /// <summary>The launcher's process; 0 once it is reaped.</summary>
    public int LauncherPid { get; set; }

    /// <summary>The keeper's end of the status socket; null once it has ended.</summary>
    public Fd? StatusSocket { get; set; }

    public ulong StatusToken { get; set; }

    /// <summary>The step and error number of a failure.</summary>
    public (int Step, int Error)? Failure { get; set; }

    /// <summary>Whether the container process, of a launch that failed after it was made, has still to be reaped.</summary>
    public bool ProcessGone { get; set; }

    /// <summary>Who is to be answered: session and request.</summary>
    public List<(ulong Session, ulong Request)> Waiting { get; } = [];
}
