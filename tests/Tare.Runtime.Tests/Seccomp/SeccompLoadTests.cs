using System.Runtime.InteropServices;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;
using static Tare.Runtime.Tests.Seccomp.Profiles;

namespace Tare.Runtime.Tests.Seccomp;

/// <summary>What seccomp(2) is told beside the filter, and that it takes it.</summary>
public sealed class SeccompLoadTests
{
    private const string Log = "SECCOMP_FILTER_FLAG_LOG";
    private const string SpecAllow = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";
    private const string Tsync = "SECCOMP_FILTER_FLAG_TSYNC";
    private const string WaitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";

    private static readonly LinuxSeccomp Plain = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "swapon"));
    private static readonly LinuxSeccomp Listening = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_NOTIFY", "swapon")) with { ListenerPath = "/run/agent.sock" };

    [Fact]
    public void Flags_are_as_runc_has_them()
    {
        Assert.Equal(SeccompFlags.SpeculationAllowed, Flags(null));
        Assert.Equal(SeccompFlags.None, Flags([]));
        Assert.Equal(SeccompFlags.None, Flags([Tsync]));
        Assert.Equal(SeccompFlags.Log, Flags([Log, Tsync]));
        Assert.Equal(SeccompFlags.Log | SeccompFlags.SpeculationAllowed, Flags([SpecAllow, Log]));
        Assert.Equal(SeccompFlags.None, SeccompCompiler.Flags(Plain, _ => false));

        static SeccompFlags Flags(string[]? names) => SeccompCompiler.Flags(Plain with { Flags = names }, _ => true);
    }

    [Fact]
    public void Flags_that_cannot_be_are_refused()
    {
        Refuse("unknown seccomp flag \"SECCOMP_FILTER_FLAG_NEW_LISTENER\" in the flags of the profile; use one of SECCOMP_FILTER_FLAG_LOG,", () => SeccompCompiler.Compile(Plain with { Flags = ["SECCOMP_FILTER_FLAG_NEW_LISTENER"] }));
        Refuse("this kernel does not know the seccomp flag SECCOMP_FILTER_FLAG_LOG; remove it from the profile", () => SeccompCompiler.Flags(Plain with { Flags = [Log] }, _ => false));
        Refuse("the seccomp flag SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs a rule with SCMP_ACT_NOTIFY; remove it from the profile", () => SeccompCompiler.Flags(Plain with { Flags = [WaitKillable] }, _ => true));
    }

    [Fact]
    public void A_rule_that_notifies_needs_a_listener()
    {
        var filter = SeccompCompiler.Compile(Listening with { ListenerMetadata = "what" })!;
        Assert.True(filter.Listens);
        Assert.Equal(("/run/agent.sock", "what"), (filter.ListenerPath, filter.ListenerMetadata));
        Assert.Equal(SeccompFlags.NewListener | SeccompFlags.WaitKillableReceive, SeccompCompiler.Flags(Listening with { Flags = [WaitKillable] }, _ => true));
        Refuse("the seccomp profile has a rule with SCMP_ACT_NOTIFY and no listenerPath; set it to the socket of a seccomp agent", () => SeccompCompiler.Compile(Listening with { ListenerPath = "" }));
        Refuse("the seccomp profile has listenerMetadata and no listenerPath; set both or none", () => SeccompCompiler.Compile(Plain with { ListenerMetadata = "what" }));
        Refuse("SCMP_ACT_NOTIFY cannot be the default action of a seccomp profile; use it in rules", () => SeccompCompiler.Compile(Listening with { DefaultAction = "SCMP_ACT_NOTIFY" }));
        Refuse("SCMP_ACT_NOTIFY cannot be used for write in a seccomp profile; remove it from the rule", () => SeccompCompiler.Compile(Listening with { Syscalls = [Rule("SCMP_ACT_NOTIFY", "read", "write")] }));
    }

    [Fact]
    public void Without_such_a_rule_there_is_no_listener()
    {
        var filter = SeccompCompiler.Compile(Plain with { ListenerPath = "/run/agent.sock", ListenerMetadata = "what" })!;
        Assert.False(filter.Listens);
        Assert.Equal((null, null), (filter.ListenerPath, filter.ListenerMetadata));
    }

    [Fact]
    public void A_rule_for_a_call_that_nobody_knows_still_has_its_listener() =>
        Assert.True(SeccompCompiler.Compile(Listening with { Syscalls = [Rule("SCMP_ACT_NOTIFY", "a_call_of_2040")] })!.Listens);

    [Fact]
    public void Features_tell_what_the_kernel_knows()
    {
        var features = SeccompProbe.Features();
        Assert.True(features.Enabled);
        Assert.Equal(["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"], features.Actions!);
        Assert.Equal(7, features.Operators!.Count);
        Assert.Equal(23, features.Archs!.Count);
        Assert.Equal(features.Archs.Order(StringComparer.Ordinal), features.Archs);
        Assert.Equal([Log, SpecAllow, Tsync, WaitKillable], features.KnownFlags!);
        // The kernels that Tare runs on have all that is older than they are.
        Assert.Equal(features.Actions, SeccompProbe.SupportedActions);
        Assert.Contains(SpecAllow, features.SupportedFlags!);
        Assert.Equal(Environment.OSVersion.Version >= new Version(5, 19), features.SupportedFlags!.Contains(WaitKillable));
    }

    [Fact]
    public void Kernels_are_asked_without_believing_everything()
    {
        Assert.False(SeccompSupport.HasAction(0x00010000));
        Assert.False(SeccompSupport.HasFlags((SeccompFlags)(1 << 20)));
        Assert.False(SeccompSupport.HasFlags(SeccompFlags.WaitKillableReceive));
    }

    /// <summary>In a thread of its own: the filter is that thread's alone, and ends with it.</summary>
    [Fact]
    public void The_kernel_takes_the_filter_and_answers_by_it()
    {
        var profile = Profile(
            "SCMP_ACT_ALLOW",
            Rule("SCMP_ACT_ERRNO", "swapon") with { ErrnoRet = 71 },
            Rule("SCMP_ACT_ERRNO", "sched_get_priority_max").When(0, "EQ", 0x1_0000_0001).When(0, "GT", 0x2_0000_0000) with { ErrnoRet = 72 },
            Rule("SCMP_ACT_ERRNO", "setpriority").When(0, "LE", 4).When(2, "MASKED_EQ", 0xf0, 0x30) with { ErrnoRet = 73 });
        var filter = SeccompCompiler.Compile(profile.On("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"))!;
        int[] seen = [];
        var thread = new Thread(() =>
        {
            var loaded = Load(filter);
            seen =
            [
                loaded, Call("swapon", 0, 0, 0), Call("sched_get_priority_max", 0x1_0000_0001, 0, 0), Call("sched_get_priority_max", 0x3_0000_0000, 0, 0), Call("sched_get_priority_max", 0x1_0000_0002, 0, 0),
                Call("setpriority", 4, 0, 0x35), Call("setpriority", 5, 0, 0x35), Call("setpriority", 4, 0, 0x45), Call("getpid", 0, 0, 0),
            ];
        });
        thread.Start();
        thread.Join();
        Assert.Equal([0, 71, 72, 72, 0, 73, Errno.EINVAL, Errno.EINVAL, 0], seen);

        static int Call(string name, ulong first, ulong second, ulong third) =>
            syscall(SyscallTable.Find(name)!.Numbers[SeccompAbi.Native.Column], (nint)first, (nint)second, (nint)third) < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    private static int Load(SeccompFilter filter)
    {
        var program = Marshal.AllocHGlobal(filter.Program.Length);
        var head = Marshal.AllocHGlobal(16);
        try
        {
            Marshal.Copy(filter.Program, 0, program, filter.Program.Length);
            Marshal.WriteInt64(head, filter.Program.Length / 8);
            Marshal.WriteIntPtr(head, 8, program);
            return syscall(SyscallNumbers.seccomp, 1, (nint)filter.Flags, head) < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        finally
        {
            Marshal.FreeHGlobal(head);
            Marshal.FreeHGlobal(program);
        }
    }

    private static void Refuse(string message, Action action)
    {
        var error = Assert.Throws<TareException>(action);
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint syscall(nint number, nint first, nint second, nint third);
}
