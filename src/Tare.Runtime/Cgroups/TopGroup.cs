using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>
/// The top of a v2 hierarchy as a container sees it: for the kernel a group like others, which passes controllers on only when no
/// process is in it (cgroup-v2.rst, "No Internal Process Constraint"). An engine in a container moves what is there to a group below.
/// </summary>
internal static class TopGroup
{
    /// <summary>Processes start others while they are moved; what does that for so long is left alone.</summary>
    private const int MostRounds = 10;

    /// <summary>Where they go.</summary>
    private const string Below = "/init";

    /// <summary>Moves all processes of the top to a group below it.</summary>
    /// <returns>Whether there are none any more.</returns>
    public static bool TryVacate(string top)
    {
        // The machine's own top passes controllers on as it is, and alone has no type.
        if (ControlFiles.TryRead(top, "cgroup.type", out _) is null) return false;
        var below = top + Below;
        if (FileSystem.MakeDirectory(below, GroupTree.GroupMode) is not (0 or Errno.EEXIST)) return false;
        for (var round = 0; round < MostRounds; round++)
        {
            var processes = GroupTree.OwnProcesses(top);
            if (processes.Count == 0) return true;
            foreach (var pid in processes)
            {
                // One that has ended is where it should be; one of another pid namespace is not ours to move.
                if (pid == 0 || ControlFiles.TryWrite(below, "cgroup.procs", Limits.Text(pid)) is not (0 or Errno.ESRCH)) return false;
            }
        }

        return false;
    }
}
