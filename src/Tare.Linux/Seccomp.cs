using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>How an argument of a system call is compared.</summary>
public enum SeccompComparison
{
    NotEqual = 1,
    Less = 2,
    LessOrEqual = 3,
    Equal = 4,
    GreaterOrEqual = 5,
    Greater = 6,

    /// <summary>The argument under the mask <see cref="SeccompCondition.Value"/> equals <see cref="SeccompCondition.Second"/>.</summary>
    MaskedEqual = 7,
}

/// <summary>A condition on one argument; the layout is that of <c>struct scmp_arg_cmp</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct SeccompCondition(uint Index, SeccompComparison Comparison, ulong Value, ulong Second);

/// <summary>One rule of a filter: on this system call, when all conditions hold, this action.</summary>
public sealed record SeccompRule(string SystemCall, uint Action, IReadOnlyList<SeccompCondition> Conditions);

/// <summary>Compiles seccomp filters with libseccomp (seccomp(2), seccomp_init(3)).</summary>
public static partial class Seccomp
{
    /// <summary><c>SCMP_ACT_KILL_PROCESS</c>.</summary>
    public const uint KillProcess = 0x80000000;

    /// <summary><c>SCMP_ACT_KILL_THREAD</c>.</summary>
    public const uint KillThread = 0;

    /// <summary><c>SCMP_ACT_TRAP</c>.</summary>
    public const uint Trap = 0x00030000;

    /// <summary><c>SCMP_ACT_LOG</c>.</summary>
    public const uint Log = 0x7ffc0000;

    /// <summary><c>SCMP_ACT_ALLOW</c>.</summary>
    public const uint Allow = 0x7fff0000;

    /// <summary><c>SCMP_ACT_NOTIFY</c>.</summary>
    public const uint Notify = 0x7fc00000;

    private const int OptimizeAttribute = 8;
    private const int BinaryTree = 2;
    private const int AlreadyThere = -Errno.EEXIST;
    private const uint X32Bit = 0x40000000;

    /// <summary><c>SCMP_ACT_ERRNO</c>: refuse with an error number.</summary>
    public static uint Error(uint number) => 0x00050000 | (number & 0xffff);

    /// <summary><c>SCMP_ACT_TRACE</c>.</summary>
    public static uint Trace(uint number) => 0x7ff00000 | (number & 0xffff);

    /// <summary>The token of the native architecture (<c>AUDIT_ARCH_*</c>).</summary>
    public static uint NativeArchitecture { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0xC00000B7 : 0xC000003E;

    /// <summary>
    /// A filter as an array of <c>sock_filter</c>. System calls that the library does not know are left out of the rules; native ones with
    /// a higher number than it knows are refused with ENOSYS when the default would refuse them, so that programs try an older way.
    /// </summary>
    /// <param name="defaultAction">What happens to a call that no rule speaks of.</param>
    /// <param name="architectures">Further architectures, as <c>AUDIT_ARCH_*</c>-like tokens of the library.</param>
    /// <param name="rules">The rules.</param>
    /// <exception cref="LinuxException">The library refuses a rule.</exception>
    public static byte[] Compile(uint defaultAction, IEnumerable<uint> architectures, IEnumerable<SeccompRule> rules)
    {
        var context = seccomp_init(defaultAction);
        if (context == 0) throw new LinuxException("start a seccomp filter", Errno.ENOMEM);
        try
        {
            // A library that cannot make a tree makes a list: slower, the same filter.
            _ = seccomp_attr_set(context, OptimizeAttribute, BinaryTree);
            foreach (var architecture in architectures)
            {
                if (seccomp_arch_add(context, architecture) is < 0 and not AlreadyThere and var error) throw new LinuxException($"add the architecture {architecture:x} to a seccomp filter", -error);
            }
            foreach (var rule in rules)
            {
                if (rule.Action == defaultAction) continue;
                var number = seccomp_syscall_resolve_name(rule.SystemCall);
                if (number == -1) continue;
                var conditions = rule.Conditions.ToArray();
                var result = seccomp_rule_add_array(context, rule.Action, number, (uint)conditions.Length, conditions);
                if (result is < 0 and not AlreadyThere) throw new LinuxException($"add {rule.SystemCall} to a seccomp filter", -result);
            }
            return Prefixed(Export(context), defaultAction);
        }
        finally
        {
            seccomp_release(context);
        }
    }

    private static byte[] Export(nint context)
    {
        // The library writes to a descriptor; a pipe would have to be read at the same time, a file in memory not.
        using var file = Descriptors.Memory("tare-seccomp");
        var result = seccomp_export_bpf(context, file.Number);
        if (result < 0) throw new LinuxException("compile a seccomp filter", -result);
        using var stream = new FileStream(file.ProcPath, FileMode.Open, FileAccess.Read);
        var code = new byte[stream.Length];
        stream.ReadExactly(code);
        return code;
    }

    private static byte[] Prefixed(byte[] code, uint defaultAction)
    {
        if (defaultAction is Allow or Log) return code;
        byte[] prefix =
        [
            .. Instruction(0x20, 0, 0, 4),                          // load the architecture
            .. Instruction(0x15, 0, 4, NativeArchitecture),         // another one: on to the filter
            .. Instruction(0x20, 0, 0, 0),                          // load the number
            .. Instruction(0x35, 2, 0, X32Bit),                     // x32: on to the filter
            .. Instruction(0x25, 0, 1, HighestKnown()),             // known: on to the filter
            .. Instruction(0x06, 0, 0, Error(Errno.ENOSYS)),
        ];
        return [.. prefix, .. code];
    }

    private static byte[] Instruction(ushort code, byte whenTrue, byte whenFalse, uint value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, code);
        bytes[2] = whenTrue;
        bytes[3] = whenFalse;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), value);
        return bytes;
    }

    private static uint HighestKnown()
    {
        for (uint number = 600; number > 400; number--)
        {
            var name = seccomp_syscall_resolve_num_arch(NativeArchitecture, (int)number);
            if (name == 0) continue;
            free(name);
            return number;
        }
        return 400;
    }

    [LibraryImport("libc")]
    private static partial void free(nint memory);

    [LibraryImport("seccomp")]
    private static partial nint seccomp_init(uint defaultAction);

    [LibraryImport("seccomp")]
    private static partial void seccomp_release(nint context);

    [LibraryImport("seccomp")]
    private static partial int seccomp_attr_set(nint context, int attribute, uint value);

    [LibraryImport("seccomp")]
    private static partial int seccomp_arch_add(nint context, uint architecture);

    [LibraryImport("seccomp", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int seccomp_syscall_resolve_name(string name);

    [LibraryImport("seccomp")]
    private static partial nint seccomp_syscall_resolve_num_arch(uint architecture, int number);

    [LibraryImport("seccomp")]
    private static partial int seccomp_rule_add_array(nint context, uint action, int number, uint count, SeccompCondition[] conditions);

    [LibraryImport("seccomp")]
    private static partial int seccomp_export_bpf(nint context, int fd);
}
