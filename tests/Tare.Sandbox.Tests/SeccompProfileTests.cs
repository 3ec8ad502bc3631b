using Tare.Errors;
using Tare.Oci.Runtime;
using Tare.Runtime;
using Tare.Sandbox.Security;

namespace Tare.Sandbox.Tests;

public sealed class SeccompProfileTests
{
    [Fact]
    public void What_the_runtime_is_told_comes_from_the_profile()
    {
        var profile = Resolve("""
            {
              "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
              "listenerPath": "/run/agent.sock", "listenerMetadata": "what",
              "syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW"}, {"names": ["open", "openat"], "action": "SCMP_ACT_NOTIFY"}]
            }
            """);
        Assert.Equal(("SCMP_ACT_ERRNO", 38u, "/run/agent.sock", "what"), (profile.DefaultAction, profile.DefaultErrnoRet, profile.ListenerPath, profile.ListenerMetadata));
        Assert.Equal(["SECCOMP_FILTER_FLAG_LOG"], profile.Flags!);
        Assert.Equal(["SCMP_ARCH_X86_64"], profile.Architectures!);
        Assert.Equal([["read"], ["open", "openat"]], profile.Syscalls!.Select(rule => rule.Names));
    }

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW"}""", 4u)]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "flags": []}""", 0u)]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"]}""", 2u)]
    public void Flags_are_passed_on_to_the_kernel(string json, uint? flags) => Assert.Equal(flags, SeccompCompiler.Compile(Resolve(json))?.Flags);

    [Theory]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_ARM"], "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}""", "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"name": "read", "names": ["write"], "action": "SCMP_ACT_ERRNO"}]}""", "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "flags": [null]}""", "unknown seccomp flag \"\" in the flags of the profile; use one of SECCOMP_FILTER_FLAG_LOG,")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "architectures": [null]}""", "unknown seccomp architecture \"\" in")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": null}]}""", "unknown seccomp action \"\" in the rule for read;")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [null], "action": "SCMP_ACT_ERRNO"}]}""", "the rule for  in the seccomp profile has an empty name")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [null]}]}""", "the rule for read in the seccomp profile has an empty condition")]
    [InlineData("""{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0}]}]}""", "unknown seccomp operator \"\" in the rule for read;")]
    [InlineData("""{"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO"}]}""", "unknown seccomp action \"\" in the default action;")]
    [InlineData("null", "the seccomp profile is empty")]
    public void Profiles_that_make_no_sense_are_refused(string json, string message) =>
        Assert.StartsWith(message, Assert.Throws<TareException>(() => SeccompCompiler.Compile(Resolve(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void Empty_rules_are_no_rules() => Assert.NotNull(SeccompCompiler.Compile(Resolve("""{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [null]}""")));

    [Fact]
    public void Rules_may_depend_on_capabilities()
    {
        var json = """
            {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
              {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
              {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
              {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
              {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "400.0"}}]}
            """;
        Assert.Equal(["mount", "ptrace"], Resolve(json, "CAP_SYS_ADMIN").Syscalls!.SelectMany(rule => rule.Names));
        Assert.Equal(["clone", "ptrace"], Resolve(json, "CAP_CHOWN").Syscalls!.SelectMany(rule => rule.Names));
    }

    [Fact]
    public void The_default_profile_is_a_filter_of_moderate_length()
    {
        var filter = SeccompCompiler.Compile(SeccompProfile.Default.Resolve(["CAP_CHOWN"]))!;
        Assert.False(filter.Listens);
        Assert.InRange(filter.Program.Length / 8, 200, 500);
    }

    private static LinuxSeccomp Resolve(string json, params string[] capabilities) => SeccompProfile.Parse(json).Resolve(capabilities);
}
