using Tare.Linux;

namespace Tare.Oci.Runtime.Validation;

/// <summary>A process (config.md, "Process").</summary>
internal static class ProcessChecks
{
    /// <summary>Checks a process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="at">What stands before its members in a sentence: <c>process.</c>, or nothing when it is the document.</param>
    /// <param name="context">The host.</param>
    /// <param name="warnings">Where warnings go.</param>
    public static void Check(ProcessSpec process, string at, SpecContext context, List<string> warnings)
    {
        if (process.Cwd.Length == 0) throw Sentence.Invalid($"{at}cwd is empty: set it to the working directory, an absolute path inside the container");
        if (!Texts.IsAbsolute(process.Cwd)) throw Sentence.Invalid($"{at}cwd is \"{process.Cwd}\", but must be an absolute path inside the container");
        Texts.Check(process.Cwd, $"{at}cwd");
        if (process.Args is null or []) throw Sentence.Invalid($"{at}args is absent or empty, but the first of them is the program to run: add it");
        Texts.Check(process.Args, $"{at}args");
        // In a user namespace that an ordinary user has mapped by himself setgroups(2) is denied; as with runc it is also where it would not be.
        if (context.Rootless && process.User.AdditionalGids is { Count: > 0 })
            throw Sentence.Invalid($"{at}user.additionalGids has groups, which a user who is not root cannot set: remove it");
        CheckEnvironment(process.Env, at);
        CheckLimits(process.Rlimits, at);
        CheckLabels(process, at, context);
        if (process.OomScoreAdj is < -1000 or > 1000) throw Sentence.Invalid($"{at}oomScoreAdj is {process.OomScoreAdj}, but must be from -1000 to 1000");
        if (process.Capabilities is { } capabilities) CheckCapabilities(capabilities, context, warnings);
        SchedulingChecks.Check(process, at);
    }

    private static void CheckEnvironment(IReadOnlyList<string>? env, string at)
    {
        for (var i = 0; i < env?.Count; i++)
        {
            if (Texts.IsCut(env[i])) throw Texts.Cut($"{at}env[{i}]");
            var equals = env[i].IndexOf('=', StringComparison.Ordinal);
            // The value may be a secret, so it is not shown.
            if (equals < 0) throw Sentence.Invalid($"{at}env[{i}] has no '=' between a name and a value: write it as NAME=value");
            if (equals == 0) throw Sentence.Invalid($"{at}env[{i}] has no name before its '=': write it as NAME=value");
        }
    }

    private static void CheckLimits(IReadOnlyList<Rlimit>? rlimits, string at)
    {
        for (var i = 0; i < rlimits?.Count; i++)
        {
            var rlimit = rlimits[i];
            if (!IsLimit(rlimit.Type)) throw Sentence.Invalid($"{at}rlimits[{i}].type is \"{rlimit.Type}\", which is no resource limit of Linux, such as RLIMIT_NOFILE (getrlimit(2))");
            if (rlimit.Soft > rlimit.Hard)
                throw Sentence.Invalid($"{at}rlimits[{i}] has a soft limit of {rlimit.Soft} above its hard limit of {rlimit.Hard}: lower the one or raise the other");
            for (var j = 0; j < i; j++)
            {
                if (rlimits[j].Type == rlimit.Type) throw Sentence.Invalid($"{at}rlimits[{i}] is the second of type {rlimit.Type}: remove one of the two");
            }
        }
    }

    private static bool IsLimit(string type) => type is "RLIMIT_AS" or "RLIMIT_CORE" or "RLIMIT_CPU" or "RLIMIT_DATA" or "RLIMIT_FSIZE" or "RLIMIT_LOCKS"
        or "RLIMIT_MEMLOCK" or "RLIMIT_MSGQUEUE" or "RLIMIT_NICE" or "RLIMIT_NOFILE" or "RLIMIT_NPROC" or "RLIMIT_RSS" or "RLIMIT_RTPRIO" or "RLIMIT_RTTIME"
        or "RLIMIT_SIGPENDING" or "RLIMIT_STACK";

    private static void CheckLabels(ProcessSpec process, string at, SpecContext context)
    {
        Texts.Check(process.SelinuxLabel, $"{at}selinuxLabel");
        Texts.Check(process.ApparmorProfile, $"{at}apparmorProfile");
        if (!string.IsNullOrEmpty(process.SelinuxLabel) && !context.Selinux)
            throw Sentence.Invalid($"{at}selinuxLabel is \"{process.SelinuxLabel}\", but SELinux is not in force on this host: enable it, or remove the label");
        if (!string.IsNullOrEmpty(process.ApparmorProfile) && !context.AppArmor)
            throw Sentence.Invalid($"{at}apparmorProfile is \"{process.ApparmorProfile}\", but AppArmor is not in force on this host: enable it, or remove the profile");
    }

    // A runtime must run what was written for a newer kernel, with fewer capabilities.
    private static void CheckCapabilities(LinuxCapabilities capabilities, SpecContext context, List<string> warnings)
    {
        var unknown = new List<string>();
        AddUnknown(capabilities.Bounding);
        AddUnknown(capabilities.Effective);
        AddUnknown(capabilities.Inheritable);
        AddUnknown(capabilities.Permitted);
        AddUnknown(capabilities.Ambient);
        if (unknown.Count == 0) return;
        warnings.Add($"capabilities that are unknown or that this kernel does not have are ignored: {string.Join(", ", unknown.Distinct().Order(StringComparer.Ordinal))}");

        void AddUnknown(IReadOnlyList<string>? names)
        {
            for (var i = 0; i < names?.Count; i++)
            {
                var number = Capabilities.NumberOf(names[i]);
                if (number < 0 || number > context.LastCapability) unknown.Add(names[i]);
            }
        }
    }
}
