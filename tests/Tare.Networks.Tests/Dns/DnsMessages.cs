using System.Buffers.Binary;
using System.Net;
using System.Text;
using Tare.Networks.Dns.Messages;

namespace Tare.Networks.Tests.Dns;

/// <summary>Messages as clients and servers send them, written here by other code than the one that is tested.</summary>
internal static class DnsMessages
{
    public static byte[] Query(string name, DnsRecordType type, ushort id = 0x1234, ushort? udpSize = null, ushort flags = DnsHeader.RecursionDesired, ushort @class = 1)
    {
        List<byte> bytes = [.. Header(id, flags, 1, 0, 0, udpSize is null ? 0 : 1), .. Name(name), .. Two((int)type), .. Two(@class)];
        if (udpSize is { } size) bytes.AddRange([0, 0, 41, .. Two(size), 0, 0, 0, 0, 0, 0]);
        return [.. bytes];
    }

    /// <summary>An answer to a question without EDNS: its question and addresses that point to its name.</summary>
    public static byte[] Answer(byte[] query, DnsResponseCode code, params IPAddress[] addresses)
    {
        var end = 12;
        while (query[end] != 0) end += query[end] + 1;
        end += 5;
        var bytes = query[..end].ToList();
        foreach (var address in addresses)
        {
            var data = address.GetAddressBytes();
            bytes.AddRange([0xC0, 12, .. Two(data.Length == 4 ? 1 : 28), 0, 1, 0, 0, 0, 60, .. Two(data.Length), .. data]);
        }
        byte[] answer = [.. bytes];
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), (ushort)(0x8180 | (int)code));
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)addresses.Length);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(10), 0);
        return answer;
    }

    public static byte[] Header(int id, int flags, params int[] counts) => [.. Two(id), .. Two(flags), .. counts.SelectMany(Two)];

    public static byte[] Name(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.Latin1.GetBytes(label)]), 0];

    public static byte[] Two(int value) => [(byte)(value >> 8), (byte)value];

    /// <summary>The addresses of a well-formed answer, in order.</summary>
    public static IPAddress[] AddressesIn(ReadOnlySpan<byte> answer)
    {
        Assert.True(DnsReader.TryOpen(answer, out var reader));
        for (var i = 0; i < reader.Header.Questions; i++) Assert.True(reader.TryReadQuestion(out _));
        var found = new List<IPAddress>();
        for (var i = 0; i < reader.Header.Answers; i++)
        {
            Assert.True(reader.TryReadRecord(out var record));
            if (record.ReadAddress(answer) is { } address) found.Add(address);
        }
        return [.. found];
    }

    public static DnsHeader HeaderOf(ReadOnlySpan<byte> message)
    {
        Assert.True(DnsHeader.TryRead(message, out var header));
        return header;
    }
}
