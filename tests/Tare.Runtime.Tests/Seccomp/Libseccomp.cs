using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;

namespace Tare.Runtime.Tests.Seccomp;

/// <summary>
/// What runc does with a profile, by the library that it uses: the oracle. The library makes filters for any little-endian machine;
/// names are looked up by the machine of the tests, which is x86-64 or arm64.
/// </summary>
internal sealed class Libseccomp
{
    private const string Library = "libseccomp.so.2";
    private const uint NativeToken = 0;
    private const int Unknown = -1;
    private const int OptimizeAttribute = 8;

    private static readonly string[] Operators = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"];

    private readonly BpfMachine filter;
    private readonly uint defaultAction;
    private readonly Dictionary<uint, uint> newest;

    private Libseccomp(BpfMachine filter, uint defaultAction, Dictionary<uint, uint> newest) => (this.filter, this.defaultAction, this.newest) = (filter, defaultAction, newest);

    public int Length => filter.Length;

    /// <summary>The library's own token of an architecture; that of x32 is no AUDIT_ARCH.</summary>
    public static uint Token(SeccompAbi abi) => abi == SeccompAbi.X32 ? 0x4000003E : abi.AuditArch;

    /// <summary>A call's number, -1 when the library has not heard of it, or less when it knows it for other architectures alone.</summary>
    public static int NumberOf(string name, SeccompAbi abi) => seccomp_syscall_resolve_name_arch(Token(abi), name);

    /// <summary>Whether the library knows the name of a call at all.</summary>
    public static bool Knows(string name) => seccomp_syscall_resolve_name_arch(NativeToken, name) != Unknown;

    /// <summary>A call's name, or null.</summary>
    public static string? NameOf(int number, SeccompAbi abi)
    {
        var name = seccomp_syscall_resolve_num_arch(Token(abi), number);
        var text = Marshal.PtrToStringAnsi(name);
        free(name);
        return text;
    }

    /// <summary>The filter of a profile; null when the library refuses a rule.</summary>
    public static Libseccomp? Compile(LinuxSeccomp profile, SeccompAbi native)
    {
        var defaultAction = SeccompNames.ActionOf(profile.DefaultAction, profile.DefaultErrnoRet, "");
        SeccompAbi[] present = [.. native.Family.Where(abi => abi == native || profile.Architectures?.Contains(abi.Name) == true)];
        var context = seccomp_init(defaultAction);
        try
        {
            foreach (var abi in present) Assert.True(seccomp_arch_add(context, Token(abi)) is 0 or -Errno.EEXIST);
            if (native != SeccompAbi.Native) Assert.Equal(0, seccomp_arch_remove(context, Token(SeccompAbi.Native)));
            if (profile.Syscalls!.Sum(rule => rule.Names.Count) > 32) Assert.Equal(0, seccomp_attr_set(context, OptimizeAttribute, 2));
            foreach (var rule in profile.Syscalls!)
            {
                var action = SeccompNames.ActionOf(rule.Action, rule.ErrnoRet, "");
                if (action == defaultAction) continue;
                foreach (var name in rule.Names)
                {
                    var number = seccomp_syscall_resolve_name_arch(NativeToken, name);
                    if (number == Unknown) continue;
                    if (Alternatives(rule).Any(conditions => seccomp_rule_add_array(context, action, number, (uint)conditions.Length, conditions) != 0)) return null;
                }
            }
            return new Libseccomp(new BpfMachine(Export(context)), defaultAction, Newest(profile, present));
        }
        finally
        {
            seccomp_release(context);
        }
    }

    /// <summary>The answer of runc's filter: calls that are newer than the profile, then the library's filter.</summary>
    public uint Run(SystemCall call)
    {
        var permissive = defaultAction is SeccompActions.Allow or SeccompActions.Log || defaultAction >> 16 == SeccompActions.Trace >> 16;
        var token = call.Architecture == SeccompAbi.X86_64.AuditArch && (call.Number & SeccompAbi.X32Bit) != 0 ? 0x4000003E : call.Architecture;
        return !permissive && newest.TryGetValue(token, out var last) && call.Number > last ? SeccompActions.Errno | Errno.ENOSYS : filter.Run(call);
    }

    private static Dictionary<uint, uint> Newest(LinuxSeccomp profile, SeccompAbi[] present)
    {
        var newest = new Dictionary<uint, uint>();
        foreach (var abi in present)
        {
            var last = profile.Syscalls!.SelectMany(rule => rule.Names).Select(name => NumberOf(name, abi)).DefaultIfEmpty(0).Max();
            if (last > 0) newest[Token(abi)] = (uint)last;
        }
        return newest;
    }

    private static IEnumerable<Condition[]> Alternatives(LinuxSyscall rule)
    {
        Condition[] conditions = [.. (rule.Args ?? []).Select(a => new Condition(a.Index, 1 + Array.IndexOf(Operators, a.Op), a.Value, a.ValueTwo))];
        return conditions.DistinctBy(c => c.Index).Count() == conditions.Length ? [conditions] : conditions.Select(c => (Condition[])[c]);
    }

    private static byte[] Export(nint context)
    {
        using var file = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 4096, FileOptions.DeleteOnClose);
        Assert.Equal(0, seccomp_export_bpf(context, file.SafeFileHandle));
        var program = new byte[file.Length];
        file.Position = 0;
        file.ReadExactly(program);
        return program;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Condition(uint Index, int Comparison, ulong Value, ulong Second);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void free(nint memory);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint seccomp_init(uint defaultAction);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void seccomp_release(nint context);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int seccomp_attr_set(nint context, int attribute, uint value);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int seccomp_arch_add(nint context, uint architecture);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int seccomp_arch_remove(nint context, uint architecture);

    [DllImport(Library, CharSet = CharSet.Ansi, BestFitMapping = false)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int seccomp_syscall_resolve_name_arch(uint architecture, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint seccomp_syscall_resolve_num_arch(uint architecture, int number);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int seccomp_rule_add_array(nint context, uint action, int number, uint count, Condition[] conditions);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int seccomp_export_bpf(nint context, SafeFileHandle file);
}
