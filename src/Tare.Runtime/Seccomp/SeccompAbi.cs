using System.Runtime.InteropServices;

namespace Tare.Runtime.Seccomp;

/// <summary>One of the ways in which programs call a kernel: its numbers of calls and the width of its arguments.</summary>
internal sealed class SeccompAbi
{
    /// <summary>x32 calls are x86-64 calls, to the kernel's eye, with this bit in their number.</summary>
    public const uint X32Bit = 0x40000000;

    private SeccompAbi(string name, uint auditArch, int column, bool wide, uint numberBit = 0)
    {
        Name = name;
        AuditArch = auditArch;
        Column = column;
        Wide = wide;
        NumberBit = numberBit;
    }

    public static SeccompAbi X86_64 { get; } = new("SCMP_ARCH_X86_64", 0xC000003E, column: 0, wide: true);

    public static SeccompAbi X86 { get; } = new("SCMP_ARCH_X86", 0x40000003, column: 1, wide: false);

    public static SeccompAbi X32 { get; } = new("SCMP_ARCH_X32", 0xC000003E, column: 2, wide: false, X32Bit);

    public static SeccompAbi Arm64 { get; } = new("SCMP_ARCH_AARCH64", 0xC00000B7, column: 3, wide: true);

    public static SeccompAbi Arm { get; } = new("SCMP_ARCH_ARM", 0x40000028, column: 4, wide: false);

    /// <summary>The one of this process.</summary>
    public static SeccompAbi Native { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Arm64 : X86_64;

    /// <summary>Its name in a profile.</summary>
    public string Name { get; }

    /// <summary>The kernel's <c>AUDIT_ARCH_*</c>, as a filter sees it.</summary>
    public uint AuditArch { get; }

    /// <summary>Its column in the table of numbers.</summary>
    public int Column { get; }

    /// <summary>Whether arguments have 64 bits; of others, a filter looks at 32.</summary>
    public bool Wide { get; }

    /// <summary>What is set in each of its numbers.</summary>
    public uint NumberBit { get; }

    /// <summary>All that run on a kernel of this one, itself first.</summary>
    public IReadOnlyList<SeccompAbi> Family => Column >= Arm64.Column ? [Arm64, Arm] : [X86_64, X86, X32];
}
