using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>The limits of memory of version 1 (Documentation/admin-guide/cgroup-v1/memory.rst).</summary>
internal sealed class MemoryV1(CgroupV1 cgroup)
{
    private const string LimitFile = "memory.limit_in_bytes";
    private const string SwapFile = "memory.memsw.limit_in_bytes";

    public void Apply(LinuxMemory memory)
    {
        var (limit, swap) = (memory.Limit ?? 0, memory.Swap ?? 0);

        // No limit of memory means none of swap either, unless one was given.
        if (limit == -1 && swap == 0 && CountsSwap) swap = -1;
        if (swap != 0 && cgroup.Options.HasFlag(GroupOptions.SwapOptional) && !CountsSwap) swap = 0;
        if (limit != 0 && swap != 0)
        {
            // The sum may never be below the limit of memory alone: raise in one order, lower in the other.
            var current = ControlFiles.TryReadNumber(cgroup.Require("memory", LimitFile), LimitFile, out _) ?? 0;
            if (swap == -1 || current < (ulong)swap)
            {
                cgroup.Set("memory", SwapFile, Limits.Text(swap));
                SetLimit(limit);
            }
            else
            {
                SetLimit(limit);
                cgroup.Set("memory", SwapFile, Limits.Text(swap));
            }
        }
        else if (limit != 0)
        {
            SetLimit(limit);
        }
        else if (swap != 0)
        {
            cgroup.Set("memory", SwapFile, Limits.Text(swap));
        }
        if (memory.Reservation is { } reservation and not 0) cgroup.Set("memory", "memory.soft_limit_in_bytes", Limits.Text(reservation));
        if (memory.DisableOomKiller is true) cgroup.Set("memory", "memory.oom_control", "1");
        if (memory.Swappiness is not { } swappiness || swappiness == ulong.MaxValue) return;
        if (swappiness > 100) throw TareException.Invalid($"invalid memory swappiness value: {swappiness}; choose one from 0 to 100");
        cgroup.Set("memory", "memory.swappiness", Limits.Text(swappiness));
    }

    private bool CountsSwap => cgroup.DirectoryOf("memory") is { } directory && FileFacts.KindOf(directory + "/" + SwapFile) != FileKind.Missing;

    private void SetLimit(long limit)
    {
        var directory = cgroup.Require("memory", LimitFile);
        var error = ControlFiles.TryWrite(directory, LimitFile, Limits.Text(limit));
        if (error == 0) return;
        if (error != Errno.EBUSY) throw ControlFiles.Refused(directory, LimitFile, Limits.Text(limit), error);
        throw TareException.Conflict(
            $"unable to set memory limit to {limit} in {directory}: the processes use more, and it cannot be taken back (current usage: {Read("memory.usage_in_bytes")}, peak usage: {Read("memory.max_usage_in_bytes")})");

        ulong? Read(string file) => ControlFiles.TryReadNumber(directory, file, out _);
    }
}
