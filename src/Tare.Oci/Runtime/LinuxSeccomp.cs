namespace Tare.Oci.Runtime;

/// <summary>
/// A system call filter (config-linux.md, "Seccomp"). Actions, architectures, flags and operators are libseccomp's names,
/// such as <c>SCMP_ACT_ERRNO</c>, <c>SCMP_ARCH_X86_64</c>, <c>SCMP_CMP_MASKED_EQ</c>.
/// </summary>
public sealed record LinuxSeccomp
{
    /// <summary>What happens to a call that no rule matches.</summary>
    public required string DefaultAction { get; init; }

    /// <summary>The error number of an ERRNO or TRACE default action; EPERM when absent.</summary>
    public uint? DefaultErrnoRet { get; init; }

    public IReadOnlyList<string>? Architectures { get; init; }

    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>The socket that gets the notification descriptor.</summary>
    public string? ListenerPath { get; init; }

    /// <summary>Opaque data for whoever listens there.</summary>
    public string? ListenerMetadata { get; init; }

    public IReadOnlyList<LinuxSyscall>? Syscalls { get; init; }
}

/// <summary>A rule for some system calls.</summary>
public sealed record LinuxSyscall
{
    public required IReadOnlyList<string> Names { get; init; }

    public required string Action { get; init; }

    /// <summary>The error number of an ERRNO or TRACE action; EPERM when absent.</summary>
    public uint? ErrnoRet { get; init; }

    /// <summary>Conditions on arguments; all must hold.</summary>
    public IReadOnlyList<LinuxSeccompArg>? Args { get; init; }
}

/// <summary>A condition on an argument of a system call.</summary>
/// <param name="Index">Which argument, from 0.</param>
/// <param name="Value">The value, or the mask of SCMP_CMP_MASKED_EQ.</param>
/// <param name="ValueTwo">What SCMP_CMP_MASKED_EQ compares with.</param>
/// <param name="Op">The operator.</param>
public sealed record LinuxSeccompArg(uint Index, ulong Value, ulong ValueTwo, string Op);
