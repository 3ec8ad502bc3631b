using System.Collections.Concurrent;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime;

/// <summary>Compiles the seccomp part of a specification (config-linux, "Seccomp") to a filter, and keeps what it has compiled.</summary>
public static class SeccompCompiler
{
    private static readonly Dictionary<string, uint> Architectures = new()
    {
        ["SCMP_ARCH_X86"] = 0x40000003,
        ["SCMP_ARCH_X86_64"] = 0xC000003E,
        ["SCMP_ARCH_X32"] = 0x4000003E,
        ["SCMP_ARCH_ARM"] = 0x40000028,
        ["SCMP_ARCH_AARCH64"] = 0xC00000B7,
    };

    private static readonly ConcurrentDictionary<LinuxSeccomp, byte[]> Cache = new(ReferenceEqualityComparer.Instance);

    /// <summary>The filter of a profile.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="keep">Whether the same object will come again: it is then compiled once.</param>
    /// <exception cref="TareException">The profile names something that does not exist.</exception>
    public static byte[] Compile(LinuxSeccomp profile, bool keep) => keep ? Cache.GetOrAdd(profile, Build) : Build(profile);

    private static byte[] Build(LinuxSeccomp profile)
    {
        var rules = new List<SeccompRule>();
        foreach (var call in profile.Syscalls ?? [])
        {
            var action = ActionOf(call.Action, call.ErrnoRet);
            var conditions = (call.Args ?? []).Select(Condition).ToArray();

            // Two conditions on the same argument cannot stand in one rule of the library: they become alternatives, as in runc.
            var alternatives = conditions.GroupBy(c => c.Index).Any(group => group.Count() > 1)
                ? conditions.Select(c => (SeccompCondition[])[c]).ToArray()
                : [conditions];
            rules.AddRange(call.Names.SelectMany(name => alternatives.Select(c => new SeccompRule(name, action, c))));
        }
        // Foreign architectures make no sense in a filter of this machine and are left out.
        var architectures = (profile.Architectures ?? []).Select(name => Architectures.GetValueOrDefault(name)).Where(token => token != 0);
        return Seccomp.Compile(ActionOf(profile.DefaultAction, profile.DefaultErrnoRet), architectures, rules);
    }

    private static uint ActionOf(string name, uint? error) => name switch
    {
        "SCMP_ACT_KILL" or "SCMP_ACT_KILL_THREAD" => Seccomp.KillThread,
        "SCMP_ACT_KILL_PROCESS" => Seccomp.KillProcess,
        "SCMP_ACT_TRAP" => Seccomp.Trap,
        "SCMP_ACT_ERRNO" => Seccomp.Error(error ?? Errno.EPERM),
        "SCMP_ACT_TRACE" => Seccomp.Trace(error ?? Errno.EPERM),
        "SCMP_ACT_ALLOW" => Seccomp.Allow,
        "SCMP_ACT_LOG" => Seccomp.Log,
        "SCMP_ACT_NOTIFY" => throw TareException.NotImplemented("the seccomp action SCMP_ACT_NOTIFY needs a listener, which is not supported yet"),
        _ => throw TareException.Invalid($"unknown seccomp action {name}"),
    };

    private static SeccompCondition Condition(LinuxSeccompArg argument) => new(
        argument.Index,
        argument.Op switch
        {
            "SCMP_CMP_NE" => SeccompComparison.NotEqual,
            "SCMP_CMP_LT" => SeccompComparison.Less,
            "SCMP_CMP_LE" => SeccompComparison.LessOrEqual,
            "SCMP_CMP_EQ" => SeccompComparison.Equal,
            "SCMP_CMP_GE" => SeccompComparison.GreaterOrEqual,
            "SCMP_CMP_GT" => SeccompComparison.Greater,
            "SCMP_CMP_MASKED_EQ" => SeccompComparison.MaskedEqual,
            _ => throw TareException.Invalid($"unknown seccomp comparison {argument.Op}"),
        },
        argument.Value,
        argument.ValueTwo);
}
