using FsCheck;
using FsCheck.Fluent;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;
using static Tare.Runtime.Tests.Seccomp.Profiles;

namespace Tare.Runtime.Tests.Seccomp;

/// <summary>Our filters answer as those that runc makes with libseccomp, call by call.</summary>
public sealed class OracleTests
{
    private static readonly ulong[] Values = [0, 1, 2, 16, 40, 0x7e020000, 0xffffffff, 0x1_0000_0000, 0x1_0000_0001, 0xffffffff_00000000, ulong.MaxValue];

    // Calls with two ways in on i386, with different numbers everywhere, missing somewhere; all older than the library of Debian 12.
    private static readonly string[] Names =
    [
        "read", "write", "socket", "bind", "accept", "sendmsg", "recvmmsg", "shmget", "semop", "msgrcv", "socketcall", "ipc", "clone", "execve", "ioctl", "mmap", "mmap2", "fcntl64",
        "preadv2", "ptrace", "personality", "_llseek", "no_such_call", "arch_prctl", "waitpid", "keyctl", "openat2",
    ];

    // Some more calls, so that the library makes a tree: in a list it forgets to load the number where the first call is one that
    // the architecture lacks. Among them a new one: it does not count calls with two ways in when it looks for the newest.
    private static readonly string[] Padding =
    [
        "openat2", "close", "fchdir", "fchmod", "fchown", "fsync", "ftruncate", "getcwd", "getpid", "getppid", "getsid", "gettid", "kill", "lseek", "madvise", "mincore", "mlock", "mprotect",
        "mremap", "msync", "munlock", "munmap", "nanosleep", "pread64", "prctl", "pwrite64", "readv", "sched_yield", "setns", "setsid", "statx", "sync", "tkill", "umask", "uname", "unshare",
    ];

    private static readonly string[] Operators = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"];

    private static readonly Gen<LinuxSeccompArg> Arguments =
        from index in Gen.Choose(0, 3)
        from op in Gen.Elements(Operators)
        from value in Gen.Elements(Values)
        from second in Gen.Elements(Values)
        select new LinuxSeccompArg((uint)index, value, second, op);

    public static TheoryData<string> Machines => ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Dockers_profile_answers_alike(string machine)
    {
        var native = Native(machine);
        var profile = Docker(native) with { Architectures = [.. native.Family.Select(abi => abi.Name)] };
        var library = Libseccomp.Compile(profile, native)!;
        var ours = profile.Machine(native);
        AssertAlike(profile, native, ours, library);
        Assert.InRange(ours.Length, 100, library.Length / 2);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Profiles_without_conditions_answer_alike(string machine)
    {
        var native = Native(machine);
        var rules =
            from action in Gen.Elements("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY")
            from error in Gen.Elements<uint?>(null, 38, 4095, 0)
            from names in Gen.NonEmptyListOf(Gen.Elements(Names.Where(name => name != "write" || action != "SCMP_ACT_NOTIFY").ToArray()))
            select new LinuxSyscall { Names = [.. names], Action = action, ErrnoRet = error };
        Check(native, rules, list => list);
    }

    /// <summary>
    /// One rule with conditions for each call: where several ranges of 64 bits meet, the library takes some values for others.
    /// What several rules do together is compared with the text of the specification, in <see cref="MeaningTests"/>.
    /// </summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Conditions_answer_alike(string machine)
    {
        var rules =
            from count in Gen.Choose(1, 3)
            from arguments in Gen.ListOf(Arguments, count)
            from name in Gen.Elements(Names.Except(["socketcall", "ipc", "openat2"]).ToArray())
            select new LinuxSyscall { Names = [name], Action = "SCMP_ACT_TRAP", Args = [.. arguments.DistinctBy(a => a.Index)] };
        Check(Native(machine), rules, list => list.DistinctBy(rule => rule.Names[0]));
    }

    /// <summary>Conditions on one argument with different actions: which of them is tried first matters.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Overlapping_conditions_answer_alike(string machine)
    {
        var rules =
            from action in Gen.Elements("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP")
            from op in Gen.Elements("SCMP_CMP_LT", "SCMP_CMP_EQ", "SCMP_CMP_GT")
            from value in Gen.Choose(0, 5)
            from name in Gen.Elements("ioctl", "keyctl")
            select Rule(action, name).When(0, op[9..], (ulong)value);
        Check(Native(machine), rules, list => list, value => value <= uint.MaxValue);
    }

    [Fact]
    public void The_tables_hold_the_librarys_calls()
    {
        var native = SeccompAbi.Native;
        foreach (var abi in native.Family.Concat(native == SeccompAbi.X86_64 ? SeccompAbi.Arm64.Family : SeccompAbi.X86_64.Family))
        {
            foreach (var name in SyscallTable.Names.Where(KnownAlike))
            {
                var entry = SyscallTable.Find(name)!;
                var number = Libseccomp.NumberOf(name, abi);
                if (abi == SeccompAbi.X86 && entry.Multiplexer is not null) Assert.InRange(number, -224, -101);
                else if (abi != SeccompAbi.Arm || name != "sync_file_range2") Assert.Equal((abi.Name, name, Math.Max(number, -1)), (abi.Name, name, entry.Numbers[abi.Column] is >= 0 and var ours ? ours | (int)abi.NumberBit : -1));
            }
            for (var number = 0; number < 600; number++)
            {
                if (Libseccomp.NameOf(number | (int)abi.NumberBit, abi) is { } name) Assert.NotNull(SyscallTable.Find(name));
            }
        }
    }

    [Theory]
    [InlineData("x86-64", 0, 600)]
    [InlineData("i386", 1, 600)]
    [InlineData("x32", 2, 600)]
    [InlineData("arm64", 3, 600)]
    [InlineData("arm", 4, 600)]
    public void The_tables_have_no_number_twice(string architecture, int column, int end)
    {
        string[] doubles = [.. SyscallTable.Names.GroupBy(name => SyscallTable.Find(name)!.Numbers[column]).Where(g => g.Key >= 0 && g.Key < end && g.Count() > 1).SelectMany(g => g)];
        Assert.Equal(architecture == "arm" ? ["arm_sync_file_range", "sync_file_range2"] : [], doubles);
    }

    /// <summary>Of calls that are newer than itself the library may know the name alone.</summary>
    private static bool KnownAlike(string name) => Libseccomp.Knows(name) && SyscallTable.Find(name)!.Numbers.Max() is < 451 or > 600;

    private static SeccompAbi Native(string name) => name == "SCMP_ARCH_AARCH64" ? SeccompAbi.Arm64 : SeccompAbi.X86_64;

    private static void Check(SeccompAbi native, Gen<LinuxSyscall> rules, Func<IEnumerable<LinuxSyscall>, IEnumerable<LinuxSyscall>> unique, Func<ulong, bool>? arguments = null)
    {
        var compared = 0;
        var profiles =
            from action in Gen.Elements("SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE")
            from others in Gen.SubListOf(native.Family.Select(abi => abi.Name))
            from list in Gen.NonEmptyListOf(rules)
            select Profile(action, [.. unique(list), Rule(action == "SCMP_ACT_LOG" ? "SCMP_ACT_ALLOW" : "SCMP_ACT_LOG", Padding)]).On([.. others]);
        Prop.ForAll(Arb.From(profiles), profile =>
        {
            // What the library refuses, such as two actions for one condition, runc cannot start.
            if (Libseccomp.Compile(profile, native) is not { } library) return;
            compared++;
            AssertAlike(profile, native, profile.Machine(native), library, arguments);
        }).QuickCheckThrowOnFailure();
        Assert.True(compared > 20, $"only {compared} profiles were compared");
    }

    private static void AssertAlike(LinuxSeccomp profile, SeccompAbi native, BpfMachine ours, Libseccomp library, Func<ulong, bool>? arguments = null)
    {
        ulong[] values = [0, .. (profile.Syscalls ?? []).SelectMany(rule => rule.Args ?? []).SelectMany(a => new[] { a.Value, a.ValueTwo }).Distinct()
            .SelectMany(v => new[] { v, v - 1, v + 1, v ^ 0x1_0000_0000 }).Where(arguments ?? (_ => true)).Distinct().Take(60)];
        var indices = (profile.Syscalls ?? []).SelectMany(rule => rule.Args ?? []).Select(a => (int)a.Index).Distinct().ToList();
        uint[] numbers = [.. Numbers(native, profile.Syscalls!.SelectMany(rule => rule.Names))];
        var conditional = Numbers(native, ["socketcall", "ipc", .. profile.Syscalls!.Where(rule => rule.Args is { Count: > 0 }).SelectMany(rule => rule.Names)]).ToHashSet();
        foreach (var architecture in native.Family.Select(abi => abi.AuditArch).Append(0xC00000F3u).Distinct())
        {
            foreach (var number in numbers)
            {
                foreach (var call in Calls(architecture, number, values, conditional.Contains(number) ? indices : []))
                {
                    var (mine, theirs) = (ours.Run(call), library.Run(call));
                    if (mine != theirs) Assert.Fail($"{call.Architecture:x} {call.Number:x} ({string.Join(", ", call.Arguments.Select(a => a.ToString("x", null)))}): {mine:x}, libseccomp {theirs:x}; {Text(profile)}");
                }
            }
        }
    }

    /// <summary>The numbers of these calls, their neighbours, and the ends of what there is.</summary>
    private static IEnumerable<uint> Numbers(SeccompAbi native, IEnumerable<string> names) =>
        names.Select(SyscallTable.Find).Where(entry => entry is not null)
            .SelectMany(entry => native.Family.Select(abi => (uint)entry!.Numbers[abi.Column] & 0xffff))
            .SelectMany(number => new[] { number - 1, number, number + 1 })
            .SelectMany(number => new[] { number & 0xffff, number & 0xffff | SeccompAbi.X32Bit })
            .Append(0x3fffffffu).Append(uint.MaxValue).Distinct();

    private static IEnumerable<SystemCall> Calls(uint architecture, uint number, ulong[] values, List<int> indices)
    {
        foreach (var value in indices.Count > 0 ? values : values[..1]) yield return new SystemCall(architecture, number, value, value, value, value);
        foreach (var index in indices)
        {
            foreach (var value in values)
            {
                var arguments = new ulong[4];
                arguments[index] = value;
                yield return new SystemCall(architecture, number, arguments);
            }
        }
    }

    /// <summary>The engine's own default profile is the sandbox's; here is one with the same kinds of rules and all the library's calls.</summary>
    private static LinuxSeccomp Docker(SeccompAbi native)
    {
        string[] special = ["personality", "clone", "clone3", "socket", "mount", "umount2", "reboot", "swapon", "kexec_load", "bpf", "ptrace", "set_tls", "get_tls", "breakpoint", "cacheflush", "usr26", "usr32"];
        string[] names = [.. SyscallTable.Names.Where(KnownAlike).Except(special)];
        return Profile(
            "SCMP_ACT_ERRNO",
            Rule("SCMP_ACT_ALLOW", names),
            Rule("SCMP_ACT_ALLOW", "socket").When(0, "LT", 38),
            Rule("SCMP_ACT_ALLOW", "socket").When(0, "EQ", 39),
            Rule("SCMP_ACT_ALLOW", "socket").When(0, "GT", 40),
            Rule("SCMP_ACT_ALLOW", "personality").When(0, "EQ", 0),
            Rule("SCMP_ACT_ALLOW", "personality").When(0, "EQ", 8),
            Rule("SCMP_ACT_ALLOW", "personality").When(0, "EQ", 0xffffffff),
            Rule("SCMP_ACT_ALLOW", "clone").When(native == SeccompAbi.X86_64 ? 0u : 1u, "MASKED_EQ", 2114060288),
            Rule("SCMP_ACT_ERRNO", "clone3") with { ErrnoRet = 38 });
    }
}
