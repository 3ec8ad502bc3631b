using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Tare.Networks.Dns.Messages;
using static Tare.Networks.Tests.Dns.DnsMessages;

namespace Tare.Networks.Tests.Dns;

/// <summary>Reading and writing of messages, well-formed and hostile.</summary>
public sealed class DnsCodecTests
{
    private static readonly Gen<byte[]> Labels = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().Where(label => label.Length is > 0 and <= 63);

    [Fact]
    public void A_question_is_read()
    {
        Assert.Equal(DnsQueryStatus.Valid, DnsQuery.Read(Query("WeB.Example.", DnsRecordType.Aaaa), out var query));
        Assert.Equal(new DnsQuestion("web.example", DnsRecordType.Aaaa, 1), query.Question);
        Assert.Equal((0x1234, 12 + 13 + 4, 512), (query.Header.Id, query.QuestionEnd, query.UdpSize));
        Assert.Null(query.Edns);
    }

    [Theory]
    [InlineData(0, 512)]
    [InlineData(511, 512)]
    [InlineData(1232, 1232)]
    [InlineData(65535, 4096)]
    public void The_asker_says_how_much_it_takes(int said, int size)
    {
        Assert.Equal(DnsQueryStatus.Valid, DnsQuery.Read(Query("a", DnsRecordType.A, udpSize: (ushort)said), out var query));
        Assert.Equal(size, query.UdpSize);
    }

    [Fact]
    public void What_is_no_question_is_told_apart()
    {
        Assert.Equal(DnsQueryStatus.Ignored, DnsQuery.Read([], out _));
        Assert.Equal(DnsQueryStatus.Ignored, DnsQuery.Read(Query("a", DnsRecordType.A).AsSpan(0, 11), out _));
        Assert.Equal(DnsQueryStatus.Ignored, DnsQuery.Read(Query("a", DnsRecordType.A, flags: 0x8180), out _));
        Assert.Equal(DnsQueryStatus.Unsupported, DnsQuery.Read(Query("a", DnsRecordType.A, flags: 5 << 11), out _));
        Assert.Equal(DnsQueryStatus.Malformed, DnsQuery.Read(Query("a", DnsRecordType.A).AsSpan()[..^1], out _));
        Assert.Equal(DnsQueryStatus.Malformed, DnsQuery.Read(Header(1, 0, 0, 0, 0, 0), out _));
        Assert.Equal(DnsQueryStatus.Malformed, DnsQuery.Read([.. Header(1, 0, 2, 0, 0, 0), .. Name("a"), 0, 1, 0, 1, .. Name("b"), 0, 1, 0, 1], out _));
        // More records than there are, two OPT records, and one of a name.
        Assert.Equal(DnsQueryStatus.Malformed, DnsQuery.Read([.. Header(1, 0, 1, 0xFFFF, 0xFFFF, 0xFFFF), .. Name("a"), 0, 1, 0, 1], out _));
        byte[] opt = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(DnsQueryStatus.Malformed, DnsQuery.Read([.. Header(1, 0, 1, 0, 0, 2), .. Name("a"), 0, 1, 0, 1, .. opt, .. opt], out _));
        Assert.Equal(DnsQueryStatus.Malformed, DnsQuery.Read([.. Header(1, 0, 1, 0, 0, 1), .. Name("a"), 0, 1, 0, 1, .. Name("x"), .. opt[1..]], out _));
    }

    [Fact]
    public void Names_do_not_go_in_circles()
    {
        foreach (byte[] tail in (byte[][])[[0xC0, 12], [0xC0, 0], [0xC0, 14], [0xFF, 0xFF], [0xC0], [1, (byte)'a', 0xC0, 12], [0x40, 1], [0x80, 1]])
        {
            byte[] message = [.. Header(1, 0, 1, 0, 0, 0), .. tail];
            var offset = 12;
            Assert.False(DnsName.TryRead(message, ref offset, out _));
        }
        // A chain of pointers, each to the one before, ends; so does a name that its pointers make too long.
        byte[] chain = [.. new byte[12], 1, (byte)'a', 0, .. Enumerable.Range(0, 1000).SelectMany(i => Two(0xC000 | (i == 0 ? 12 : 13 + (2 * i))))];
        var last = chain.Length - 2;
        Assert.True(DnsName.TryRead(chain, ref last, out var name));
        Assert.Equal(("a", chain.Length), (name, last));
        byte[] growing = [.. new byte[12], 1, (byte)'a', 0, .. Enumerable.Range(0, 200).SelectMany(i => (byte[])[1, (byte)'b', .. Two(0xC000 | (i == 0 ? 12 : 11 + (4 * i)))])];
        var fits = 15 + (4 * 99);
        Assert.True(DnsName.TryRead(growing, ref fits, out _));
        var tooLong = growing.Length - 4;
        Assert.False(DnsName.TryRead(growing, ref tooLong, out _));
    }

    [Fact]
    public void Names_of_labels_are_written_and_read_again() =>
        Prop.ForAll(Labels.ListOf().ToArbitrary(), labels =>
        {
            byte[] wire = [.. labels.SelectMany(label => (byte[])[(byte)label.Length, .. label]), 0];
            var offset = 0;
            var read = DnsName.TryRead(wire, ref offset, out var text);
            if (wire.Length > DnsName.MaxSize) return !read;
            var written = new byte[DnsName.MaxSize];
            return read && offset == wire.Length && DnsName.TryWrite(text, written, out var size)
                && written.AsSpan(0, size).SequenceEqual(wire.Select((value, i) => IsLetter(wire, i) ? (byte)(value | 0x20) : value).ToArray());
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("\\25")]
    [InlineData("\\256")]
    [InlineData("€")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234")]
    public void What_is_no_name_is_not_written(string text) => Assert.False(DnsName.TryWrite(text, new byte[300], out _));

    [Fact]
    public void Text_never_breaks_the_writer() =>
        Prop.ForAll<string?, byte>((text, room) => DnsName.TryWrite(text, new byte[room], out var size) ? size > 0 && size <= room : size == 0).QuickCheckThrowOnFailure();

    [Fact]
    public void Answers_are_written_and_read_again() =>
        Prop.ForAll<uint[], byte, bool>((numbers, size, edns) =>
        {
            var message = Query("some.name", DnsRecordType.A, udpSize: edns ? (ushort)(512 + (size * 4)) : null);
            Assert.Equal(DnsQueryStatus.Valid, DnsQuery.Read(message, out var query));
            var addresses = numbers.Concat(Enumerable.Range(0, size).Select(i => (uint)i)).Select(number => new IPAddress(number)).ToArray();
            var buffer = new byte[query.UdpSize];
            var reply = new DnsReply(message, query, buffer);
            foreach (var address in addresses)
            {
                if (!reply.TryAdd(address, 600)) break;
            }
            var answer = buffer.AsSpan(0, reply.Finish(DnsResponseCode.NoError));
            var header = HeaderOf(answer);
            var read = AddressesIn(answer);
            Assert.True(DnsAnswer.Matches(message, query.QuestionEnd, 0x1234, answer));
            Assert.Equal(addresses.Take(read.Length), read);
            Assert.Equal(read.Length < addresses.Length, header.IsTruncated);
            // As many as there is room for.
            if (header.IsTruncated) Assert.InRange(answer.Length, buffer.Length - 15, buffer.Length);
            Assert.Equal(edns ? 1 : 0, header.Additionals);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Both_families_and_pointers_are_written()
    {
        var message = Query("4.3.2.1.in-addr.arpa", DnsRecordType.Ptr, udpSize: 1232);
        DnsQuery.Read(message, out var query);
        var buffer = new byte[512];
        var reply = new DnsReply(message, query, buffer);
        Assert.True(reply.TryAdd(IPAddress.IPv6Loopback, 1));
        Assert.True(reply.TryAddPointer("Web.Net", 0x01020304));
        Assert.False(reply.TryAddPointer("a..b", 1));
        var answer = buffer.AsSpan(0, reply.Finish(DnsResponseCode.BadVersion));
        Assert.True(DnsReader.TryOpen(answer, out var reader));
        Assert.True(reader.TryReadQuestion(out var question));
        Assert.Equal("4.3.2.1.in-addr.arpa", question.Name);
        Assert.True(reader.TryReadRecord(out var six));
        Assert.Equal(IPAddress.IPv6Loopback, six.ReadAddress(answer));
        Assert.True(reader.TryReadRecord(out var pointer));
        Assert.True(pointer.TryReadName(answer, out var name) && pointer.TryReadTarget(answer, out var target) && (name, target) == ("4.3.2.1.in-addr.arpa", "web.net"));
        Assert.Equal(0x01020304u, pointer.Ttl);
        Assert.True(reader.TryReadRecord(out var opt) && DnsEdns.TryRead(answer, opt, out var edns) && edns == new DnsEdns(4096, 0, false));
        // 16 is 0 in the header, and 1 in the upper bits.
        Assert.Equal((0, 1u), ((int)reader.Header.ResponseCode, opt.Ttl >> 24));
        Assert.Equal(answer.Length, reader.Offset);
    }

    [Fact]
    public void An_answer_has_to_be_one()
    {
        var message = Query("Some.Name", DnsRecordType.A, id: 7);
        DnsQuery.Read(message, out var query);
        var answer = Answer(message, DnsResponseCode.NoError, IPAddress.Loopback, IPAddress.Broadcast);
        Assert.True(Matches(answer));
        Assert.False(DnsAnswer.Matches(message, query.QuestionEnd, 8, answer));
        Assert.False(Matches(message));
        Assert.False(Matches(answer[..^1]));
        Assert.True(Matches(Answer(Query("sOME.nAME", DnsRecordType.A, id: 7), DnsResponseCode.NameError)));
        Assert.False(Matches(Answer(Query("some.nama", DnsRecordType.A, id: 7), DnsResponseCode.NoError)));
        Assert.False(Matches(Answer(Query("some.name", DnsRecordType.Aaaa, id: 7), DnsResponseCode.NoError)));
        Assert.True(Matches(Header(7, 0x8182, 0, 0, 0, 0)));
        Assert.False(Matches(Header(7, 0x8180, 0, 0, 0, 0)));
        // Cut off in the middle of a record, and says so.
        answer[2] |= 2;
        Assert.True(Matches(answer[..^1]));

        bool Matches(byte[] candidate) => DnsAnswer.Matches(message, query.QuestionEnd, 7, candidate);
    }

    [Fact]
    public void Random_bytes_break_nothing() =>
        Prop.ForAll<byte[]>(bytes => ReadAll(bytes) && ReadAll([.. Header(1, 0x100, 1, 1, 1, 1), .. bytes])).QuickCheckThrowOnFailure();

    [Fact]
    public void Mutated_messages_break_nothing()
    {
        var random = new System.Random(20260101);
        byte[] plain = Query("a.long.name.example", DnsRecordType.A, udpSize: 1232);
        byte[] answer = Answer(plain, DnsResponseCode.NoError, IPAddress.Loopback, IPAddress.IPv6Loopback);
        // A CNAME whose target points into the question, and the address of that target.
        byte[] chain = [.. Header(9, 0x8180, 1, 2, 0, 0), .. Name("www.example.org"), 0, 1, 0, 1,
            0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, (byte)'x', 0xC0, 16, 0xC0, 45, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4];
        foreach (var original in (byte[][])[plain, answer, chain])
        {
            for (var round = 0; round < 20_000; round++)
            {
                var bytes = original.ToArray();
                for (var change = random.Next(1, 5); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
                Assert.True(ReadAll(bytes));
            }
        }
    }

    private static bool IsLetter(byte[] wire, int index)
    {
        for (var at = 0; at < wire.Length; at += wire[at] + 1)
        {
            if (at == index) return false;
            if (index <= at + wire[at]) return wire[index] is >= (byte)'A' and <= (byte)'Z';
        }
        return false;
    }

    /// <summary>Everything that there is to read. Offsets never leave the message, and what was accepted can be answered.</summary>
    private static bool ReadAll(byte[] bytes)
    {
        var status = DnsQuery.Read(bytes, out var query);
        if (status != DnsQueryStatus.Ignored)
        {
            var reply = new DnsReply(bytes, query, new byte[512]);
            reply.TryAdd(IPAddress.Loopback, 1);
            Assert.InRange(reply.Finish(DnsResponseCode.FormatError), 12, 512);
        }
        DnsAnswer.Matches(Query("www.example.org", DnsRecordType.A, id: 9), 33, 9, bytes);
        if (!DnsReader.TryOpen(bytes, out var reader)) return true;
        for (var i = 0; i < reader.Header.Questions && reader.TryReadQuestion(out _); i++) Assert.InRange(reader.Offset, 0, bytes.Length);
        while (reader.TryReadRecord(out var record))
        {
            Assert.InRange(reader.Offset, 0, bytes.Length);
            record.TryReadName(bytes, out _);
            record.TryReadTarget(bytes, out _);
            record.ReadAddress(bytes);
        }
        return true;
    }
}
