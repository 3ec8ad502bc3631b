using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// An owned file descriptor. Every descriptor in the house is close-on-exec by type: each call that makes one asks for it.
/// </summary>
public sealed class Fd : SafeHandle
{
    /// <summary>Takes ownership of a descriptor.</summary>
    public Fd(int number)
        : base(-1, ownsHandle: true) => SetHandle(number);

    /// <summary>For the marshaller.</summary>
    public Fd()
        : base(-1, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The number, valid as long as this object is neither disposed nor collected.</summary>
    public int Number => IsClosed ? throw new ObjectDisposedException(nameof(Fd)) : (int)handle;

    /// <summary>The path under which this process can reach the open file: <c>/proc/self/fd/N</c>.</summary>
    public string ProcPath => $"/proc/self/fd/{Number}";

    /// <summary>A second descriptor of the same open file, close-on-exec (<c>F_DUPFD_CLOEXEC</c>, fcntl(2)).</summary>
    /// <exception cref="LinuxException">The table of descriptors is full.</exception>
    public Fd Duplicate() => Descriptors.Duplicate(Number);

    /// <summary>Gives the number away: this object no longer closes it.</summary>
    public int Release()
    {
        var number = Number;
        SetHandleAsInvalid();
        return number;
    }

    /// <inheritdoc/>
    public override string ToString() => IsClosed ? "fd closed" : $"fd {handle}";

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Descriptors.CloseRaw((int)handle) == 0;
}
