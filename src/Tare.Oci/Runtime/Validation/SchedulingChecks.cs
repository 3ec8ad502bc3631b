namespace Tare.Oci.Runtime.Validation;

/// <summary>When and where a process runs (config.md, "Linux Process"; sched(7), ioprio_set(2)).</summary>
internal static class SchedulingChecks
{
    public static void Check(ProcessSpec process, string at)
    {
        if (process.Scheduler is { } scheduler) CheckScheduler(scheduler, at);
        if (process.IoPriority is { } ioPriority) CheckIoPriority(ioPriority, at);
        if (process.ExecCpuAffinity is not { } affinity) return;
        CpuList.Parse(affinity.Initial, $"{at}execCPUAffinity.initial");
        CpuList.Parse(affinity.Final, $"{at}execCPUAffinity.final");
    }

    private static void CheckScheduler(SchedulerSpec scheduler, string at)
    {
        var policy = scheduler.Policy;
        if (policy is not ("SCHED_OTHER" or "SCHED_FIFO" or "SCHED_RR" or "SCHED_BATCH" or "SCHED_ISO" or "SCHED_IDLE" or "SCHED_DEADLINE"))
            throw Sentence.Invalid($"{at}scheduler.policy is \"{policy}\", but must be one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE and SCHED_DEADLINE");
        for (var i = 0; i < scheduler.Flags?.Count; i++)
        {
            if (!IsFlag(scheduler.Flags[i]))
                throw Sentence.Invalid($"{at}scheduler.flags[{i}] is \"{scheduler.Flags[i]}\", which is no flag of sched_setattr(2), such as SCHED_FLAG_RESET_ON_FORK");
        }

        if (policy is "SCHED_OTHER" or "SCHED_BATCH" && scheduler.Nice is (< -20 or > 19))
            throw Sentence.Invalid($"{at}scheduler.nice is {scheduler.Nice}, but must be from -20 to 19 with {policy}");
        var realTime = policy is "SCHED_FIFO" or "SCHED_RR";
        if (!realTime && scheduler.Priority is not (null or 0))
            throw Sentence.Invalid($"{at}scheduler.priority is {scheduler.Priority}, but only SCHED_FIFO and SCHED_RR have priorities, and {policy} has not: remove it");
        if (realTime && scheduler.Priority is not (>= 1 and <= 99))
            throw Sentence.Invalid($"{at}scheduler.priority is {scheduler.Priority?.ToString() ?? "absent"}, but must be from 1 to 99 with {policy}");
        if (policy != "SCHED_DEADLINE" && (scheduler.Runtime is > 0 || scheduler.Deadline is > 0 || scheduler.Period is > 0))
            throw Sentence.Invalid($"{at}scheduler.runtime, deadline and period are for SCHED_DEADLINE alone, and the policy is {policy}: remove them");
    }

    private static bool IsFlag(string flag) => flag is "SCHED_FLAG_RESET_ON_FORK" or "SCHED_FLAG_RECLAIM" or "SCHED_FLAG_DL_OVERRUN" or "SCHED_FLAG_KEEP_POLICY"
        or "SCHED_FLAG_KEEP_PARAMS" or "SCHED_FLAG_UTIL_CLAMP_MIN" or "SCHED_FLAG_UTIL_CLAMP_MAX";

    private static void CheckIoPriority(LinuxIoPriority ioPriority, string at)
    {
        if (ioPriority.Class is not ("IOPRIO_CLASS_RT" or "IOPRIO_CLASS_BE" or "IOPRIO_CLASS_IDLE"))
            throw Sentence.Invalid($"{at}ioPriority.class is \"{ioPriority.Class}\", but must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE and IOPRIO_CLASS_IDLE");
        if (ioPriority.Priority is < 0 or > 7)
            throw Sentence.Invalid($"{at}ioPriority.priority is {ioPriority.Priority}, but must be from 0, the highest, to 7");
    }
}
