using Tare.Errors;

namespace Tare.Linux;

/// <summary>A system call that failed: what was attempted on which object, and the kernel's reason.</summary>
public sealed class LinuxException : TareException
{
    /// <summary>Creates the error from the attempted operation (such as <c>open "/a/b"</c>) and the error number.</summary>
    /// <remarks>Where the number is read in the same expression, it comes first by its name: to write the operation may set another one.</remarks>
    public LinuxException(string operation, int error)
        : this(operation, error, detail: null)
    {
    }

    /// <summary>Creates the error from the attempted operation, the error number, and what the kernel says of it in its own words.</summary>
    public LinuxException(string operation, int error, string? detail)
        : base(KindOf(error), string.IsNullOrEmpty(detail) ? $"{operation}: {Errno.Describe(error)}" : $"{operation}: {Errno.Describe(error)}; the kernel says: {detail}")
    {
        Error = error;
        Operation = operation;
    }

    /// <summary>The error number, as in errno(3).</summary>
    public int Error { get; }

    /// <summary>What was attempted, with the object's name.</summary>
    public string Operation { get; }

    private static ErrorKind KindOf(int error) => error switch
    {
        Errno.ENOSYS or Errno.EOPNOTSUPP => ErrorKind.NotImplemented,
        _ => ErrorKind.Internal,
    };
}
