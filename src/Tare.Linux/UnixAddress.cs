using System.Text;
using Tare.Errors;

namespace Tare.Linux;

/// <summary>struct sockaddr_un of a path, or of an abstract name: unix(7).</summary>
internal static class UnixAddress
{
    public const int Family = 1;

    /// <summary>Bytes of the structure.</summary>
    public const int Size = 110;

    private const int LongestPath = 107;

    /// <summary>Writes the address and gives its length.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="path">The path; with an @ in front, the abstract name that follows.</param>
    public static uint Write(Span<byte> address, string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > LongestPath)
            throw TareException.Invalid($"the path of the socket {path} is longer than the {LongestPath} bytes that the kernel allows: choose a shorter one");
        address.Clear();
        address[0] = Family;
        var length = Encoding.UTF8.GetBytes(path, address[2..]);
        if (!path.StartsWith('@')) return (uint)(2 + length + 1);
        // It has a zero in front, and none behind.
        address[2] = 0;
        return (uint)(2 + length);
    }
}
