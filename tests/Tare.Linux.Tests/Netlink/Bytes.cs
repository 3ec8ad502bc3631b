using Tare.Linux.Netlink;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Bytes as the headers of the kernel say them, in hexadecimal.</summary>
internal static class Bytes
{
    /// <summary>Whether a command is written as these bytes, with the sequence number 7.</summary>
    public static void AssertWritten(RouteCommand command, string expected)
    {
        var writer = new NetlinkWriter(7);
        command.Write(writer);
        AssertWritten(writer, expected);
    }

    /// <summary>Whether these bytes have been written; shown in words of four.</summary>
    public static void AssertWritten(NetlinkWriter writer, string expected) =>
        Assert.Equal(InWords(Convert.FromHexString(string.Concat(expected.Where(char.IsAsciiHexDigit)))), InWords(writer.Written));

    private static string InWords(ReadOnlySpan<byte> bytes)
    {
        var lines = new List<string>();
        for (var at = 0; at < bytes.Length; at += 4) lines.Add(Convert.ToHexStringLower(bytes[at..Math.Min(at + 4, bytes.Length)]));
        return string.Join('\n', lines);
    }
}
