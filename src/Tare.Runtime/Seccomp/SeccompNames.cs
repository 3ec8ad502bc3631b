using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Seccomp;

/// <summary>
/// The words of a profile (config-linux.md, "Seccomp") and what they mean to the kernel. A word may be null: profiles are JSON of users.
/// </summary>
internal static class SeccompNames
{
    /// <summary>The word for an answer that the kernel passes to whoever listens.</summary>
    public const string Notify = "SCMP_ACT_NOTIFY";

    /// <summary>The flag that says how the process waits for whoever listens.</summary>
    public const string WaitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";

    // An action's data has 16 bits; the kernel cuts error numbers to 4095 by itself.
    private const uint LargestErrorNumber = ushort.MaxValue;

    private const int LongestShown = 64;

    /// <summary>The actions, in order. KILL is the older name of KILL_THREAD.</summary>
    public static IReadOnlyDictionary<string, uint> Actions { get; } = new SortedDictionary<string, uint>(StringComparer.Ordinal)
    {
        ["SCMP_ACT_ALLOW"] = SeccompActions.Allow,
        ["SCMP_ACT_ERRNO"] = SeccompActions.Errno,
        ["SCMP_ACT_KILL"] = SeccompActions.KillThread,
        ["SCMP_ACT_KILL_PROCESS"] = SeccompActions.KillProcess,
        ["SCMP_ACT_KILL_THREAD"] = SeccompActions.KillThread,
        ["SCMP_ACT_LOG"] = SeccompActions.Log,
        [Notify] = SeccompActions.Notify,
        ["SCMP_ACT_TRACE"] = SeccompActions.Trace,
        ["SCMP_ACT_TRAP"] = SeccompActions.Trap,
    };

    /// <summary>The operators, in order.</summary>
    public static IReadOnlyDictionary<string, SeccompOperator> Operators { get; } = new SortedDictionary<string, SeccompOperator>(StringComparer.Ordinal)
    {
        ["SCMP_CMP_EQ"] = SeccompOperator.Equal,
        ["SCMP_CMP_GE"] = SeccompOperator.GreaterOrEqual,
        ["SCMP_CMP_GT"] = SeccompOperator.Greater,
        ["SCMP_CMP_LE"] = SeccompOperator.LessOrEqual,
        ["SCMP_CMP_LT"] = SeccompOperator.Less,
        ["SCMP_CMP_MASKED_EQ"] = SeccompOperator.MaskedEqual,
        ["SCMP_CMP_NE"] = SeccompOperator.NotEqual,
    };

    /// <summary>The architectures that the specification names, in order.</summary>
    public static IReadOnlyList<string> Architectures { get; } =
    [
        "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
        "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
        "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", "SCMP_ARCH_X32", "SCMP_ARCH_X86",
        "SCMP_ARCH_X86_64",
    ];

    /// <summary>
    /// The flags. TSYNC asks for nothing: the process that loads the filter has one thread, and no other lives through its execve.
    /// </summary>
    public static IReadOnlyDictionary<string, SeccompFlags> Flags { get; } = new SortedDictionary<string, SeccompFlags>(StringComparer.Ordinal)
    {
        ["SECCOMP_FILTER_FLAG_LOG"] = SeccompFlags.Log,
        ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"] = SeccompFlags.SpeculationAllowed,
        ["SECCOMP_FILTER_FLAG_TSYNC"] = SeccompFlags.ThreadSync,
        [WaitKillable] = SeccompFlags.WaitKillableReceive,
    };

    /// <summary>The answer of a filter for an action of a profile. An error number beside an action that has none says nothing, as in runc.</summary>
    /// <param name="name">The action's name.</param>
    /// <param name="error">Its error number; EPERM when null.</param>
    /// <param name="where">What of the profile it is, for the error message: <c>the default action</c>.</param>
    /// <exception cref="TareException">There is no such action or no such error number.</exception>
    public static uint ActionOf(string? name, uint? error, string where)
    {
        if (!Actions.TryGetValue(name ?? "", out var action)) throw Unknown("action", name, where, Actions.Keys);
        if (action is not (SeccompActions.Errno or SeccompActions.Trace)) return action;
        return error is > LargestErrorNumber
            ? throw TareException.Invalid($"the error number {error} of {where} in the seccomp profile is too large; use at most {LargestErrorNumber}")
            : action | (error ?? Errno.EPERM);
    }

    /// <summary>The operator with this name.</summary>
    /// <exception cref="TareException">There is none.</exception>
    public static SeccompOperator OperatorOf(string? name, string where) =>
        Operators.TryGetValue(name ?? "", out var op) ? op : throw Unknown("operator", name, where, Operators.Keys);

    /// <summary>A word of a profile, which may be anything, as a part of a sentence.</summary>
    public static string Shown(string? word) =>
        new([.. (word is { Length: > LongestShown } ? word[..LongestShown] + "…" : word ?? "").Select(c => char.IsControl(c) ? '?' : c)]);

    /// <summary>What to say of a word that is in none of the lists.</summary>
    public static TareException Unknown(string kind, string? name, string where, IEnumerable<string> known) =>
        TareException.Invalid($"unknown seccomp {kind} \"{Shown(name)}\" in {where}; use one of {string.Join(", ", known)}");
}
