using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;
using static Tare.Runtime.Tests.Seccomp.Profiles;

namespace Tare.Runtime.Tests.Seccomp;

public sealed class SeccompCompilerTests
{
    private const uint NoSuchCall = SeccompActions.Errno | Errno.ENOSYS;
    private const uint Refused = SeccompActions.Errno | Errno.EPERM;

    private static readonly SystemCall Read = Call(SeccompAbi.X86_64, "read");

    [Theory]
    [InlineData("SCMP_ACT_KILL", SeccompActions.KillThread)]
    [InlineData("SCMP_ACT_KILL_THREAD", SeccompActions.KillThread)]
    [InlineData("SCMP_ACT_KILL_PROCESS", SeccompActions.KillProcess)]
    [InlineData("SCMP_ACT_TRAP", SeccompActions.Trap)]
    [InlineData("SCMP_ACT_ERRNO", SeccompActions.Errno | 1)]
    [InlineData("SCMP_ACT_TRACE", SeccompActions.Trace | 1)]
    [InlineData("SCMP_ACT_LOG", SeccompActions.Log)]
    [InlineData("SCMP_ACT_NOTIFY", SeccompActions.Notify)]
    public void Actions_are_the_kernels(string action, uint answer)
    {
        Assert.Equal(answer, Profile("SCMP_ACT_ALLOW", Rule(action, "read")).Machine().Run(Read));
        if (action != "SCMP_ACT_NOTIFY") Assert.Equal(answer, Profile(action, Rule("SCMP_ACT_ALLOW", "openat2")).Machine().Run(Read));
    }

    [Theory]
    [InlineData("SCMP_ACT_ERRNO", 38u, SeccompActions.Errno | 38)]
    [InlineData("SCMP_ACT_ERRNO", 0u, SeccompActions.Errno)]
    [InlineData("SCMP_ACT_TRACE", 65535u, SeccompActions.Trace | 0xffff)]
    // runc pays no attention to an error number beside another action, and copies of Docker's profile with another default have one.
    [InlineData("SCMP_ACT_LOG", 1u, SeccompActions.Log)]
    [InlineData("SCMP_ACT_KILL_PROCESS", 1u, SeccompActions.KillProcess)]
    public void Error_numbers_go_with_ERRNO_and_TRACE(string action, uint error, uint answer)
    {
        Assert.Equal(answer, Profile("SCMP_ACT_ALLOW", Rule(action, "read") with { ErrnoRet = error }).Machine().Run(Read));
        Assert.Equal(answer, (Profile(action, Rule("SCMP_ACT_ALLOW", "openat2")) with { DefaultErrnoRet = error }).Machine().Run(Read));
    }

    [Fact]
    public void A_rule_without_conditions_counts_before_all_others()
    {
        Assert.Equal(SeccompActions.Trap, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read").When(0, "GE", 0), Rule("SCMP_ACT_TRAP", "read")).Machine().Run(Read));
        Assert.Equal(SeccompActions.Trap, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_TRAP", "read"), Rule("SCMP_ACT_ERRNO", "read")).Machine().Run(Read));
        // A mask without a bit is no condition.
        Assert.Equal(SeccompActions.Trap, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read").When(0, "GE", 0), Rule("SCMP_ACT_TRAP", "read").When(0, "MASKED_EQ", 0, 7)).Machine().Run(Read));
    }

    [Fact]
    public void Two_conditions_on_one_argument_are_alternatives()
    {
        var filter = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "read").When(0, "EQ", 1).When(0, "EQ", 2).When(1, "EQ", 5), Rule("SCMP_ACT_ALLOW", "openat2")).Machine();
        Assert.Equal([Refused, SeccompActions.Allow, SeccompActions.Allow, SeccompActions.Allow], new ulong[][] { [0, 0], [1, 0], [2, 0], [9, 5] }.Select(a => filter.Run(Call(SeccompAbi.X86_64, "read", a))));
    }

    [Theory]
    [InlineData("SCMP_ACT_ERRNO")]
    [InlineData("SCMP_ACT_KILL")]
    [InlineData("SCMP_ACT_KILL_PROCESS")]
    [InlineData("SCMP_ACT_TRAP")]
    public void Calls_newer_than_the_profile_are_not_there(string action)
    {
        // openat2 is named and refused: it counts all the same.
        var profile = Profile(action, Rule("SCMP_ACT_ALLOW", "read", "close"), Rule(action, "openat2")).On("SCMP_ARCH_X86", "SCMP_ARCH_X32");
        var filter = profile.Machine();
        var refused = filter.Run(Call(SeccompAbi.X86_64, "fork"));
        Assert.NotEqual(NoSuchCall, refused);
        foreach (var abi in SeccompAbi.X86_64.Family)
        {
            Assert.Equal(SeccompActions.Allow, filter.Run(Call(abi, "read")));
            Assert.Equal(refused, filter.Run(Call(abi, "openat2")));
            Assert.Equal(NoSuchCall, filter.Run(Call(abi, "pidfd_getfd")));
            Assert.Equal(NoSuchCall, filter.Run(new SystemCall(abi.AuditArch, 900 | abi.NumberBit)));
        }
    }

    [Theory]
    [InlineData("SCMP_ACT_ALLOW")]
    [InlineData("SCMP_ACT_LOG")]
    [InlineData("SCMP_ACT_TRACE")]
    public void A_default_that_lets_calls_through_lets_new_ones_through(string action)
    {
        var filter = Profile(action, Rule("SCMP_ACT_KILL", "openat2")).Machine();
        Assert.Equal(filter.Run(Read), filter.Run(new SystemCall(SeccompAbi.X86_64.AuditArch, 900)));
    }

    [Fact]
    public void The_newest_is_told_for_each_architecture()
    {
        // arch_prctl is old on x86-64 and nearly the newest of the old numbers on i386.
        var filter = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "arch_prctl")).On("SCMP_ARCH_X86").Machine();
        Assert.Equal(NoSuchCall, filter.Run(Call(SeccompAbi.X86_64, "gettid")));
        Assert.Equal(Refused, filter.Run(Call(SeccompAbi.X86, "gettid")));
        Assert.Equal(NoSuchCall, filter.Run(Call(SeccompAbi.X86, "openat2")));
    }

    [Fact]
    public void Calls_outside_the_table_do_not_make_a_profile_new()
    {
        var filter = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "openat2", "set_tls")).On("SCMP_ARCH_ARM").Machine(SeccompAbi.Arm64);
        Assert.Equal(NoSuchCall, filter.Run(Call(SeccompAbi.Arm, "mseal")));
        Assert.Equal(SeccompActions.Allow, filter.Run(Call(SeccompAbi.Arm, "set_tls")));
        Assert.Equal(NoSuchCall, filter.Run(Call(SeccompAbi.Arm, "get_tls")));
    }

    [Fact]
    public void A_profile_that_names_no_call_of_an_architecture_is_not_old_there()
    {
        Assert.Equal(Refused, Profile("SCMP_ACT_ERRNO").Machine().Run(new SystemCall(SeccompAbi.X86_64.AuditArch, 900)));
        Assert.Equal(Refused, Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "waitpid")).On("SCMP_ARCH_X86").Machine().Run(new SystemCall(SeccompAbi.X86_64.AuditArch, 900)));
    }

    [Theory]
    [InlineData("mseal", 462)]
    [InlineData("open_tree_attr", 467)]
    [InlineData("rseq_slice_yield", 471)]
    public void Calls_that_the_librarys_of_distributions_do_not_know_can_be_named(string name, uint number)
    {
        var filter = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", name)).On("SCMP_ARCH_X86", "SCMP_ARCH_X32").Machine();
        Assert.All(SeccompAbi.X86_64.Family, abi => Assert.Equal(
            [Refused, SeccompActions.Allow, NoSuchCall],
            new[] { number - 1, number, number + 1 }.Select(n => filter.Run(new SystemCall(abi.AuditArch, n | abi.NumberBit)))));
    }

    [Fact]
    public void Architectures_that_are_not_named_kill()
    {
        var filter = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read")).Machine();
        Assert.Equal(Refused, filter.Run(Read));
        Assert.Equal(SeccompActions.KillThread, filter.Run(Call(SeccompAbi.X86, "read")));
        Assert.Equal(SeccompActions.KillThread, filter.Run(Call(SeccompAbi.X32, "read")));
        Assert.Equal(SeccompActions.KillThread, filter.Run(Call(SeccompAbi.Arm64, "read")));
        // The number that a tracer leaves behind is no x32 call.
        Assert.Equal(SeccompActions.Allow, filter.Run(new SystemCall(SeccompAbi.X86_64.AuditArch, uint.MaxValue)));
    }

    [Fact]
    public void What_is_said_of_other_machines_takes_no_instruction()
    {
        var profile = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "read"));
        Assert.Equal(SeccompCompiler.Program(profile, SeccompAbi.X86_64), SeccompCompiler.Program(profile.On([.. SeccompNames.Architectures.Where(name => name is not ("SCMP_ARCH_X86" or "SCMP_ARCH_X32"))]), SeccompAbi.X86_64));
    }

    [Fact]
    public void Names_that_nobody_has_heard_of_are_left_out() =>
        Assert.Equal(
            SeccompCompiler.Program(Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "read")), SeccompAbi.X86_64),
            SeccompCompiler.Program(Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "a_call_of_2040", "read"), Rule("SCMP_ACT_KILL", "another")), SeccompAbi.X86_64));

    [Fact]
    public void A_profile_that_says_nothing_is_no_filter()
    {
        Assert.Null(SeccompCompiler.Compile(Profile("")));
        Refuse("unknown seccomp action \"\" in the default action; use one of SCMP_ACT_ALLOW,", Profile("", Rule("SCMP_ACT_ALLOW", "read")));
    }

    [Fact]
    public void The_same_profile_is_compiled_once_when_it_is_kept()
    {
        var profile = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "read"));
        Assert.Same(SeccompCompiler.Compile(profile, keep: true), SeccompCompiler.Compile(profile, keep: true));
        Assert.NotSame(SeccompCompiler.Compile(profile), SeccompCompiler.Compile(profile));
    }

    [Fact]
    public void What_makes_no_sense_is_refused_in_one_sentence()
    {
        Refuse("unknown seccomp action \"SCMP_ACT_DENY\" in the rule for read; use one of SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, SCMP_ACT_TRACE, SCMP_ACT_TRAP", Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_DENY", "read")));
        Refuse("unknown seccomp action \"allow\" in the default action; use one of SCMP_ACT_ALLOW,", Profile("allow"));
        Refuse($"unknown seccomp action \"?[2J{new string('x', 60)}…\" in the rule for read?; use", Profile("SCMP_ACT_ALLOW", Rule($"\e[2J{new string('x', 5000)}", "read\n")));
        Refuse("unknown seccomp operator \"SCMP_CMP_IN\" in the rule for read; use one of SCMP_CMP_EQ,", Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read").When(0, "IN", 1)));
        Refuse("unknown seccomp architecture \"x86_64\" in the architectures of the profile; use one of SCMP_ARCH_AARCH64,", Profile("SCMP_ACT_ALLOW").On("x86_64"));
        Refuse("the rule for read in the seccomp profile has a condition on argument 6; they are numbered from 0 to 5", Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read").When(6, "EQ", 1)));
        Refuse("the rule for read in the seccomp profile has an empty name; remove it", Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read", "")));
        Refuse("the error number 65536 of the rule for read in the seccomp profile is too large; use at most 65535", Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "read") with { ErrnoRet = 65536 }));
    }

    [Fact]
    public void Rules_for_no_call_are_nothing() => Assert.NotNull(SeccompCompiler.Compile(Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO"), Rule("SCMP_ACT_NOTIFY"))));

    [Fact]
    public void A_filter_that_the_kernel_would_not_take_is_refused()
    {
        var many = Enumerable.Range(0, 2000).Select(i => Rule("SCMP_ACT_ERRNO", "read").When(0, "EQ", (ulong)i)).ToArray();
        Assert.Equal(SeccompActions.Allow, Profile("SCMP_ACT_ALLOW", many[..900]).Machine().Run(Call(SeccompAbi.X86_64, "read", 900)));
        Refuse("the seccomp profile needs more than the 4096 instructions that the kernel takes; give it fewer conditions on arguments", Profile("SCMP_ACT_ALLOW", many));
        Refuse("the seccomp profile has more than 65536 rules; name each system call once", Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", [.. Enumerable.Repeat("read", 70000)])));
    }

    [Fact]
    public void The_same_condition_many_times_is_one()
    {
        var many = Enumerable.Repeat(Rule("SCMP_ACT_ERRNO", "read").When(0, "EQ", 7), 3000).ToArray();
        Assert.Equal(Profile("SCMP_ACT_ALLOW", many[0]).Machine().Length, Profile("SCMP_ACT_ALLOW", many).Machine().Length);
    }

    [Fact]
    public void Jumps_reach_over_long_filters()
    {
        // Every other call, each with conditions and an answer of its own: every jump of the search has far to go.
        string[] names = [.. SyscallTable.Names.Where(name => SyscallTable.Find(name)!.Numbers[0] is >= 0 and < 600 and var number && number % 2 == 0)];
        var rules = names.Select((name, i) => Rule("SCMP_ACT_TRACE", name).When(0, "GT", (ulong)i << 31).When(1, "EQ", 1) with { ErrnoRet = (uint)i + 1 }).ToArray();
        var filter = Profile("SCMP_ACT_ALLOW", rules).Machine();
        Assert.InRange(filter.Length, 1500, 4096);
        for (var i = 0; i < names.Length; i++)
        {
            Assert.Equal(SeccompActions.Trace | (uint)i + 1, filter.Run(Call(SeccompAbi.X86_64, names[i], ((ulong)i << 31) + 1, 1), out var steps));
            Assert.Equal(SeccompActions.Allow, filter.Run(Call(SeccompAbi.X86_64, names[i], (ulong)i << 31, 1)));
            Assert.InRange(steps, 5, 40);
        }
    }

    private static void Refuse(string message, LinuxSeccomp profile)
    {
        var error = Assert.Throws<TareException>(() => SeccompCompiler.Compile(profile));
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }
}
