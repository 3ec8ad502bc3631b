using Tare.Errors;

namespace Tare.Linux;

/// <summary>A system call that failed: what was attempted on which object, and the kernel's reason.</summary>
public sealed class LinuxException : TareException
{
    /// <summary>Creates the error from the attempted operation (such as <c>open "/a/b"</c>) and the error number.</summary>
    public LinuxException(string operation, int error)
        : base(KindOf(error), $"{operation}: {Errno.Describe(error)}")
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
