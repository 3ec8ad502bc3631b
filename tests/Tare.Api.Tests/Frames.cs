using System.Buffers.Binary;
using System.Text;

namespace Tare.Api.Tests;

internal static class Frames
{
    /// <summary>Takes Docker's frames apart; fails on bytes that are none.</summary>
    internal static (string Stdout, string Stderr) Split(ReadOnlySpan<byte> bytes)
    {
        var texts = new Dictionary<int, StringBuilder> { [1] = new(), [2] = new() };
        while (!bytes.IsEmpty)
        {
            Assert.Equal(0, bytes[1] | bytes[2] | bytes[3]);
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
            texts[bytes[0]].Append(Encoding.UTF8.GetString(bytes.Slice(8, length)));
            bytes = bytes[(8 + length)..];
        }

        return (texts[1].ToString(), texts[2].ToString());
    }
}
