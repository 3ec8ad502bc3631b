using System.Collections.Concurrent;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;

namespace Tare.Runtime;

/// <summary>
/// Compiles the seccomp part of a specification (config-linux.md, "Seccomp") to a filter that answers as the one does that runc
/// makes with libseccomp, and keeps what it has compiled.
/// </summary>
public static class SeccompCompiler
{
    private const uint Arguments = 6;

    // Far more than fit in a filter: names and conditions of a block multiply, and a small file could ask for all memory.
    private const int MostRules = 1 << 16;

    private static readonly ConcurrentDictionary<LinuxSeccomp, SeccompFilter> Cache = new(ReferenceEqualityComparer.Instance);

    /// <summary>The filter of a profile; null when it has neither a default action nor rules, which asks for no filter.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="keep">Whether the same object will come again: it is then compiled once.</param>
    /// <exception cref="TareException">The profile says something that makes no sense or that this kernel does not know.</exception>
    public static SeccompFilter? Compile(LinuxSeccomp profile, bool keep = false)
    {
        if (string.IsNullOrEmpty(profile.DefaultAction) && profile.Syscalls is not { Count: > 0 }) return null;
        return keep ? Cache.GetOrAdd(profile, Build) : Build(profile);
    }

    /// <summary>The program for a machine of any architecture.</summary>
    internal static byte[] Program(LinuxSeccomp profile, SeccompAbi native)
    {
        var present = Architectures(profile, native);
        var defaultAction = SeccompNames.ActionOf(profile.DefaultAction, profile.DefaultErrnoRet, "the default action");
        var rules = Rules(profile);

        // Calls of an architecture that the profile does not name kill, as with libseccomp. x32 and x86-64 are one architecture to
        // the kernel; -1 is the number that a tracer gives to a call that it has dealt with itself.
        var filters = new List<(uint, IReadOnlyList<SyscallRange>)>();
        foreach (var abi in present.Where(abi => abi != SeccompAbi.X32))
        {
            var ranges = new SyscallRanges(defaultAction);
            ranges.Append(abi, rules);
            if (abi == SeccompAbi.X86_64 && present.Contains(SeccompAbi.X32))
            {
                ranges.Append(SeccompAbi.X32, rules);
            }
            else if (abi == SeccompAbi.X86_64)
            {
                ranges.Append(SeccompAbi.X32Bit, SeccompActions.KillThread);
                ranges.Append(uint.MaxValue, defaultAction);
            }
            filters.Add((abi.AuditArch, ranges.All));
        }
        return FilterWriter.Write(filters, SeccompActions.KillThread);
    }

    /// <summary>The flags for seccomp(2).</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="supports">Whether the kernel knows a flag.</param>
    internal static SeccompFlags Flags(LinuxSeccomp profile, Func<SeccompFlags, bool> supports)
    {
        var listener = profile.Syscalls?.Any(rule => rule.Action == SeccompNames.Notify && rule.Names.Count > 0) == true ? SeccompFlags.NewListener : SeccompFlags.None;
        if (profile.Flags is null)
        {
            // Without a word about it runc does what kernels do since 5.16: the filter is no reason to switch speculation off.
            return listener | (supports(SeccompFlags.SpeculationAllowed) ? SeccompFlags.SpeculationAllowed : SeccompFlags.None);
        }
        var flags = listener;
        foreach (var name in profile.Flags)
        {
            if (!SeccompNames.Flags.TryGetValue(name ?? "", out var flag)) throw SeccompNames.Unknown("flag", name, "the flags of the profile", SeccompNames.Flags.Keys);
            if (!supports(flag)) throw TareException.Invalid($"this kernel does not know the seccomp flag {name}; remove it from the profile");
            if (flag != SeccompFlags.ThreadSync) flags |= flag;
        }
        return flags.HasFlag(SeccompFlags.WaitKillableReceive) && listener == SeccompFlags.None
            ? throw TareException.Invalid($"the seccomp flag {SeccompNames.WaitKillable} needs a rule with {SeccompNames.Notify}; remove it from the profile")
            : flags;
    }

    private static SeccompFilter Build(LinuxSeccomp profile)
    {
        var flags = Flags(profile, SeccompProbe.Supports);
        var path = string.IsNullOrEmpty(profile.ListenerPath) ? null : profile.ListenerPath;
        var metadata = string.IsNullOrEmpty(profile.ListenerMetadata) ? null : profile.ListenerMetadata;
        if (metadata is not null && path is null) throw TareException.Invalid("the seccomp profile has listenerMetadata and no listenerPath; set both or none");
        var listens = flags.HasFlag(SeccompFlags.NewListener);
        if (listens && path is null) throw TareException.Invalid($"the seccomp profile has a rule with {SeccompNames.Notify} and no listenerPath; set it to the socket of a seccomp agent");
        return new SeccompFilter(Program(profile, SeccompAbi.Native), (uint)flags) { ListenerPath = listens ? path : null, ListenerMetadata = listens ? metadata : null };
    }

    /// <summary>
    /// The machine's own architecture, named or not, and those of the profile that its kernel runs too. No process of another one
    /// can be in the container, so that what the profile says of those needs no instruction.
    /// </summary>
    private static List<SeccompAbi> Architectures(LinuxSeccomp profile, SeccompAbi native)
    {
        var named = profile.Architectures ?? [];
        foreach (var name in named)
        {
            if (!SeccompNames.Architectures.Contains(name)) throw SeccompNames.Unknown("architecture", name, "the architectures of the profile", SeccompNames.Architectures);
        }
        return [.. native.Family.Where(abi => abi == native || named.Contains(abi.Name))];
    }

    private static List<SeccompRule> Rules(LinuxSeccomp profile)
    {
        // A write that waits for its listener could not tell runc of the listener; a profile that works here shall work there.
        if (profile.DefaultAction == SeccompNames.Notify) throw TareException.Invalid($"{SeccompNames.Notify} cannot be the default action of a seccomp profile; use it in rules");
        var rules = new List<SeccompRule>();
        foreach (var block in profile.Syscalls ?? [])
        {
            var where = $"the rule for {(block.Names.Count > 0 ? SeccompNames.Shown(block.Names[0]) : "no system call")}";
            var action = SeccompNames.ActionOf(block.Action, block.ErrnoRet, where);
            var alternatives = Alternatives(block, where);
            foreach (var name in block.Names)
            {
                if (string.IsNullOrEmpty(name)) throw TareException.Invalid($"{where} in the seccomp profile has an empty name; remove it");
                if (name == "write" && action == SeccompActions.Notify) throw TareException.Invalid($"{SeccompNames.Notify} cannot be used for write in a seccomp profile; remove it from the rule");

                // Profiles name the calls of all kernels and architectures: what nobody has heard of is left out.
                if (SyscallTable.Find(name) is not { } call) continue;
                foreach (var conditions in alternatives) rules.Add(new SeccompRule(call, action, conditions));
                if (rules.Count > MostRules) throw TareException.Invalid($"the seccomp profile has more than {MostRules} rules; name each system call once");
            }
        }
        return rules;
    }

    /// <summary>Conditions must hold together, but those of a block with two on one argument each stand for themselves, as in runc.</summary>
    private static SeccompCondition[][] Alternatives(LinuxSyscall block, string where)
    {
        if (block.Args is not { Count: > 0 } arguments) return [[]];
        var conditions = new SeccompCondition[arguments.Count];
        for (var i = 0; i < conditions.Length; i++)
        {
            var argument = arguments[i] ?? throw TareException.Invalid($"{where} in the seccomp profile has an empty condition; remove it");
            if (argument.Index >= Arguments) throw TareException.Invalid($"{where} in the seccomp profile has a condition on argument {argument.Index}; they are numbered from 0 to 5");
            conditions[i] = SeccompCondition.Of(argument.Index, SeccompNames.OperatorOf(argument.Op, where), argument.Value, argument.ValueTwo);
        }
        return conditions.DistinctBy(c => c.Index).Count() == conditions.Length ? [conditions] : [.. conditions.Select(c => (SeccompCondition[])[c])];
    }
}
