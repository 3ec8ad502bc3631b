using FsCheck;
using FsCheck.Fluent;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;
using static Tare.Runtime.Tests.Seccomp.Profiles;

namespace Tare.Runtime.Tests.Seccomp;

/// <summary>Filters do what the specification says of a profile, read word by word and without any compiling.</summary>
public sealed class MeaningTests
{
    private static readonly ulong[] Values = [0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, 0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0000, 0xffffffff_00000000, ulong.MaxValue];
    private static readonly string[] Names = ["read", "socket", "clone", "keyctl", "execve", "socketcall", "openat2"];
    private static readonly string[] Operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];

    [Fact]
    public void Any_rules_together_mean_what_they_say()
    {
        var rules =
            from name in Gen.Elements(Names)
            from count in Gen.Choose(0, 3)
            from arguments in Gen.ListOf(
                from index in Gen.Choose(0, 2)
                from op in Gen.Elements(Operators)
                from value in Gen.Elements(Values)
                from second in Gen.Elements(Values)
                select new LinuxSeccompArg((uint)index, value, second, "SCMP_CMP_" + op), count)
            select Rule("SCMP_ACT_TRAP", name) with { Args = [.. arguments] };
        var cases =
            from native in Gen.Elements(SeccompAbi.X86_64, SeccompAbi.Arm64)
            from list in Gen.NonEmptyListOf(rules)
            from present in Gen.SubListOf(native.Family.Select(abi => abi.Name))
            select (Native: native, Profile: Profile("SCMP_ACT_ALLOW", [.. list]).On([.. present]));
        Prop.ForAll(Arb.From(cases), c =>
        {
            var filter = c.Profile.Machine(c.Native);
            foreach (var abi in c.Native.Family)
            {
                foreach (var number in Names.Select(name => SyscallTable.Find(name)!.Numbers[abi.Column]).Where(number => number >= 0).Append(7))
                {
                    foreach (var call in Values.SelectMany(value => new ulong[][] { [value, 1, 2], [1, value, value], [value, value, value], [0, 1, value] })
                        .Select(arguments => new SystemCall(abi.AuditArch, (uint)number | abi.NumberBit, arguments)))
                    {
                        if (Meaning(c.Profile, c.Native, abi, number, call) == filter.Run(call)) continue;
                        Assert.Fail($"{abi.Name} {number} {string.Join(", ", call.Arguments)}: {Text(c.Profile)}");
                    }
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    private static uint Meaning(LinuxSeccomp profile, SeccompAbi native, SeccompAbi abi, int number, SystemCall call)
    {
        if (abi != native && !profile.Architectures!.Contains(abi.Name)) return SeccompActions.KillThread;
        var trapped = profile.Syscalls!.Any(rule =>
        {
            var args = rule.Args!;
            var entry = SyscallTable.Find(rule.Names[0])!;
            var alternatives = args.DistinctBy(a => a.Index).Count() == args.Count ? [args] : args.Select(a => (IReadOnlyList<LinuxSeccompArg>)[a]);
            return alternatives.Any(conditions =>
                (entry.Numbers[abi.Column] == number && conditions.All(a => Holds(a, call, abi.Wide)))
                || (abi == SeccompAbi.X86 && number == 102 && entry.Multiplexer == "socketcall" && (uint)call.Arguments[0] == entry.Function && conditions.All(a => a.Index == 0 || Holds(a, call, abi.Wide))));
        });
        return trapped ? SeccompActions.Trap : SeccompActions.Allow;
    }

    private static bool Holds(LinuxSeccompArg condition, SystemCall call, bool wide)
    {
        var bits = wide ? ulong.MaxValue : uint.MaxValue;
        var (argument, value, second) = (call.Arguments[condition.Index] & bits, condition.Value & bits, condition.ValueTwo & bits);
        return condition.Op switch
        {
            "SCMP_CMP_NE" => argument != value,
            "SCMP_CMP_LT" => argument < value,
            "SCMP_CMP_LE" => argument <= value,
            "SCMP_CMP_EQ" => argument == value,
            "SCMP_CMP_GE" => argument >= value,
            "SCMP_CMP_GT" => argument > value,
            _ => (argument & value) == (second & value),
        };
    }
}
