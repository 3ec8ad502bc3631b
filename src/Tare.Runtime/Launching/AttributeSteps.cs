using System.Buffers.Binary;
using Tare.Errors;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>The steps that set what the kernel keeps of a process beside its ids: scheduling, I/O priority, execution domain.</summary>
internal sealed class AttributeSteps(LaunchProgramBuilder program)
{
    private const int IOPRIO_WHO_PROCESS = 1;
    private const int IoClassShift = 13;
    private const int PER_LINUX32 = 8;
    private const int SchedulerAttributesSize = 48;

    private static readonly string[] Policies = ["SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"];

    private static readonly string[] SchedulerFlags =
    [
        "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS",
        "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
    ];

    /// <summary>All of them, while the process may still set them.</summary>
    public void Set(ProcessSpec process, LinuxPersonality? personality, LinuxMemoryPolicy? memory)
    {
        if (process.Scheduler is { } scheduler) SetScheduler(scheduler);
        if (process.IoPriority is { } priority) SetIoPriority(priority);
        if (memory is not null) SetMemoryPolicy(memory);
        if (personality is null) return;
        program.Purpose = new Purpose(Stage.Attribute, "the execution domain");
        program.Call(Tare.Linux.SyscallNumbers.personality, personality.Domain switch
        {
            "LINUX" => 0,
            "LINUX32" => PER_LINUX32,
            var unknown => throw TareException.Invalid($"unknown execution domain {unknown}: linux.personality.domain is LINUX or LINUX32"),
        });
    }

    /// <summary>Lets the process run on some CPUs only.</summary>
    /// <param name="cpus">A list such as <c>0-3,7</c>; null or empty changes nothing.</param>
    public void SetAffinity(string? cpus)
    {
        if (string.IsNullOrEmpty(cpus)) return;
        program.Purpose = new Purpose(Stage.Attribute, "the CPU affinity");
        var mask = CpuList.Parse(cpus, "process.execCPUAffinity").ToMask();
        program.Call(sched_setaffinity, 0, mask.Length * 8, program.Words(mask));
    }

    private void SetScheduler(SchedulerSpec scheduler)
    {
        program.Purpose = new Purpose(Stage.Attribute, "the scheduling policy");
        var policy = Array.IndexOf(Policies, scheduler.Policy);
        if (policy < 0) throw TareException.Invalid($"unknown scheduling policy {scheduler.Policy}");
        ulong flags = 0;
        foreach (var name in scheduler.Flags ?? [])
        {
            var bit = Array.IndexOf(SchedulerFlags, name);
            flags |= bit >= 0 ? 1UL << bit : throw TareException.Invalid($"unknown scheduling flag {name}");
        }
        Span<byte> attributes = stackalloc byte[SchedulerAttributesSize]; // struct sched_attr, its first version
        BinaryPrimitives.WriteInt32LittleEndian(attributes, SchedulerAttributesSize);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[4..], policy);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], flags);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[16..], scheduler.Nice ?? 0);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[20..], scheduler.Priority ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[24..], scheduler.Runtime ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[32..], scheduler.Deadline ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[40..], scheduler.Period ?? 0);
        program.Call(sched_setattr, 0, program.Bytes(attributes), 0);
    }

    /// <summary>
    /// The NUMA policy, which is inherited over execve(2). Nodes that the machine does not have, or that the process's control group does not allow,
    /// are the kernel's to refuse (set_mempolicy(2)).
    /// </summary>
    private void SetMemoryPolicy(LinuxMemoryPolicy policy)
    {
        program.Purpose = new Purpose(Stage.MemoryPolicy, string.IsNullOrEmpty(policy.Nodes) ? policy.Mode : $"{policy.Mode} for the nodes {policy.Nodes}");
        var mode = MemoryPolicyNames.NumberOf(policy.Mode, policy.Flags ?? []);
        var nodes = CpuList.Parse(policy.Nodes, "linux.memoryPolicy.nodes");
        if (nodes.IsEmpty)
        {
            program.Call(set_mempolicy, mode, 0, 0);
            return;
        }
        var mask = nodes.ToMask();
        // The kernel takes one bit less than it is told.
        program.Call(set_mempolicy, mode, program.Words(mask), mask.Length * 64 + 1);
    }

    private void SetIoPriority(LinuxIoPriority priority)
    {
        program.Purpose = new Purpose(Stage.Attribute, "the I/O priority");
        var kind = priority.Class switch
        {
            "IOPRIO_CLASS_RT" => 1,
            "IOPRIO_CLASS_BE" => 2,
            "IOPRIO_CLASS_IDLE" => 3,
            var unknown => throw TareException.Invalid($"unknown I/O priority class {unknown}: use IOPRIO_CLASS_RT, IOPRIO_CLASS_BE or IOPRIO_CLASS_IDLE"),
        };
        program.Call(ioprio_set, IOPRIO_WHO_PROCESS, 0, kind << IoClassShift | priority.Priority);
    }
}
