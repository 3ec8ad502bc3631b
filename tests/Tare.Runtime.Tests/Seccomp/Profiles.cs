using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;

namespace Tare.Runtime.Tests.Seccomp;

/// <summary>Short ways to write profiles and calls.</summary>
internal static class Profiles
{
    public static LinuxSyscall Rule(string action, params string[] names) => new() { Names = names, Action = action };

    public static LinuxSyscall When(this LinuxSyscall rule, uint index, string op, ulong value, ulong second = 0) =>
        rule with { Args = [.. rule.Args ?? [], new LinuxSeccompArg(index, value, second, "SCMP_CMP_" + op)] };

    public static LinuxSeccomp Profile(string defaultAction, params LinuxSyscall[] rules) => new() { DefaultAction = defaultAction, Syscalls = rules };

    public static LinuxSeccomp On(this LinuxSeccomp profile, params string[] architectures) => profile with { Architectures = architectures };

    public static BpfMachine Machine(this LinuxSeccomp profile, SeccompAbi? native = null) => new(SeccompCompiler.Program(profile, native ?? SeccompAbi.X86_64));

    /// <summary>A profile in one line, for the message of a failed comparison.</summary>
    public static string Text(LinuxSeccomp profile) =>
        $"{profile.DefaultAction} on {string.Join(' ', profile.Architectures ?? [])}: {string.Join("; ", profile.Syscalls!.Select(rule => $"{rule.Action} {rule.ErrnoRet} {string.Join(' ', rule.Names)} {string.Join(' ', rule.Args ?? [])}"))}";

    /// <summary>A call by name.</summary>
    public static SystemCall Call(SeccompAbi abi, string name, params ulong[] arguments)
    {
        var number = SyscallTable.Find(name)!.Numbers[abi.Column];
        Assert.True(number >= 0, $"{abi.Name} has no {name}");
        return new SystemCall(abi.AuditArch, (uint)number | abi.NumberBit, arguments);
    }
}
