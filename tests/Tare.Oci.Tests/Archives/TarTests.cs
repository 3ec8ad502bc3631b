using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Oci.Archives;

namespace Tare.Oci.Tests.Archives;

public sealed class TarTests
{
    private static readonly byte[] Binary = [0, 255, 61, 10, 13, 0, 128];

    private static byte[] B(string text) => Encoding.UTF8.GetBytes(text);

    private static TarEntry File(byte[] name, long size = 0) => new() { Type = TarEntryType.RegularFile, Name = name, Size = size, Mode = 0x1A4 };

    [Fact]
    public void Entries_come_back_as_they_were()
    {
        var generator = from entry in Entries
                        from count in Gen.Choose(0, 5)
                        from others in Gen.ListOf(Entries, count)
                        select new[] { entry }.Concat(others).ToArray();
        Prop.ForAll(Arb.From(generator), entries =>
        {
            var archive = Write(entries);
            Assert.Equal(archive, Write(entries));
            Assert.Equal(0, archive.Length % 512);
            var read = Read(archive, chunk: 700);
            Assert.Equal(entries.Length, read.Count);
            for (var i = 0; i < entries.Length; i++)
            {
                AssertSame(entries[i], read[i].Entry);
                Assert.Equal(ContentOf(entries[i]), read[i].Content);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_cut_and_any_change_gives_our_error_or_a_result()
    {
        var archive = Write([
            File(B(new string('n', 300)), 700) with { Attributes = [new TarAttribute(B("user.x"), Binary)] },
            new TarEntry { Type = TarEntryType.SymbolicLink, Name = B("link"), LinkName = B(new string('t', 200)), Mode = 0x1FF },
            File(B("last"), 10),
        ]);
        for (var length = 0; length < archive.Length - 1024; length++)
        {
            var cut = archive[..length];
            var source = new StreamSource(new MemoryStream(cut), 4096);
            var reader = new TarReader(source);
            var error = Record.Exception(() =>
            {
                while (reader.Next() is not null)
                {
                    // Contents are skipped.
                }
            });
            Assert.True(error is TareException { Kind: ErrorKind.InvalidArgument } || (error is null && !reader.HasEndMarker), $"{length}: {error}");
        }

        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            var changed = archive.ToArray();
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            // A wrong checksum hides what is behind it, so half of the changes get a right one.
            if (i % 2 == 0) FixChecksums(changed);
            var error = Record.Exception(() => Read(changed, 4096));
            Assert.True(error is null or TareException, error?.ToString());
        }
    }

    [Fact]
    public void Gnu_long_names_and_large_numbers_are_read()
    {
        var name = new string('g', 260);
        using var stream = new MemoryStream();
        stream.Write(GnuHeader("././@LongLink", 'L', name.Length + 1));
        stream.Write(Pad(B(name + "\0")));
        stream.Write(GnuHeader("././@LongLink", 'K', 131));
        stream.Write(Pad(B(new string('k', 130) + "\0")));
        var header = GnuHeader("short", '2', 0);
        header[108] = 0x80;
        header.AsSpan(109, 7).Clear();
        header[113] = 0x7f; // uid 0x7f0000
        Array.Fill(header, (byte)0xff, 136, 12); // time -1
        FixChecksums(header);
        stream.Write(header);
        stream.Write(new byte[1024]);
        var entry = Assert.Single(Read(stream.ToArray(), 100)).Entry;
        Assert.Equal(name, entry.DisplayName);
        Assert.Equal(new string('k', 130), Encoding.UTF8.GetString(entry.LinkName));
        Assert.Equal((0x7f0000, -1L), (entry.Uid, entry.ModifiedAt.Seconds));
    }

    [Theory]
    [InlineData("1700000000.000000001", 1700000000, 1u)]
    [InlineData("1700000000.5", 1700000000, 500000000u)]
    [InlineData("1700000000.1234567899", 1700000000, 123456789u)]
    [InlineData("-1.25", -2, 750000000u)]
    [InlineData("-0.5", -1, 500000000u)]
    [InlineData("7", 7, 0u)]
    public void Times_are_read_to_the_nanosecond(string text, long seconds, uint nanoseconds)
    {
        var record = $"mtime={text}\n";
        var archive = WithPax(File(B("f")), $"{record.Length + 3} {record}");
        Assert.Equal(new TarTime(seconds, nanoseconds), Assert.Single(Read(archive, 4096)).Entry.ModifiedAt);
    }

    [Theory]
    [InlineData("5 a=b\n")]
    [InlineData("99 path=x\n")]
    [InlineData("7 path=\n")]
    [InlineData("x path=x\n")]
    [InlineData("-9 path=x\n")]
    [InlineData("11 uid=abc\n")]
    [InlineData("12 mtime=1.x\n")]
    public void Malformed_pax_headers_are_refused(string records) =>
        Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<TareException>(() => Read(WithPax(File(B("f")), records), 4096)).Kind);

    [Fact]
    public void Sparse_files_of_all_formats_are_read()
    {
        foreach (var archive in new[] { OldGnuSparse(), Pax01Sparse(), Pax10Sparse() })
        {
            var (entry, content) = Assert.Single(Read(archive, 300));
            Assert.Equal("sparse", entry.DisplayName);
            Assert.Equal(3000, entry.Size);
            Assert.Equal([new TarExtent(512, 3), new TarExtent(2048, 2), new TarExtent(3000, 0)], entry.Extents!);
            Assert.Equal("abcde", Encoding.ASCII.GetString(content));
        }
    }

    [Theory]
    [InlineData("10,5,5,5")] // out of order
    [InlineData("0,5,2990,11")] // beyond the end
    [InlineData("0,5,9223372036854775807,1")]
    [InlineData("0,-5,10,10")]
    [InlineData("0,1")] // not what is stored
    [InlineData("0")]
    [InlineData("x")]
    public void Nonsense_in_sparse_maps_is_refused(string map) =>
        Assert.Throws<TareException>(() => Read(Pax01Sparse(map), 4096));

    [Fact]
    public void Special_headers_have_a_limit()
    {
        var header = GnuHeader("././@LongLink", 'L', 0x7fffffff);
        var error = Assert.Throws<TareException>(() => Read([.. header, .. new byte[1024]], 4096));
        Assert.Contains("longer than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_follows_the_end_is_noticed_when_asked_for()
    {
        var archive = Write([File(B("f"))]);
        Read([.. archive, .. new byte[9000]], 512);
        Assert.Throws<TareException>(() => Read([.. archive, .. new byte[100], 1], 512));
    }

    private static Gen<TarEntry> Entries =>
        from type in Gen.Elements(TarEntryType.RegularFile, TarEntryType.Directory, TarEntryType.SymbolicLink, TarEntryType.HardLink,
            TarEntryType.CharacterDevice, TarEntryType.BlockDevice, TarEntryType.Fifo)
        from name in Names
        from link in Names
        from size in Gen.Elements(0, 1, 511, 512, 513, 5000)
        from mode in Gen.Choose(0, 0xFFF)
        from uid in Gen.Elements(0L, 1000, 2097151, 2097152, 4294967294)
        from seconds in Gen.Elements(0L, 1700000000, -1, -5000000000, 8589934592, 99999999999)
        from nanoseconds in Gen.Elements(0u, 1u, 999999999u, 500000000u)
        from attributes in Gen.Elements(0, 1, 3)
        from user in Gen.Elements("", "root", new string('u', 40))
        from major in Gen.Elements(0u, 8u, 2000000u)
        let device = type is TarEntryType.CharacterDevice or TarEntryType.BlockDevice
        select new TarEntry
        {
            Type = type,
            Name = name,
            LinkName = type is TarEntryType.SymbolicLink or TarEntryType.HardLink ? link : [],
            Size = type == TarEntryType.RegularFile ? size : 0,
            Mode = mode,
            Uid = uid,
            Gid = uid / 2,
            UserName = B(user),
            ModifiedAt = new TarTime(seconds, nanoseconds),
            DeviceMajor = device ? major : 0,
            DeviceMinor = device ? 5u : 0,
            Attributes = [.. Enumerable.Range(0, attributes).Select(i => new TarAttribute(B($"user.{i}"), [.. Binary, (byte)i]))],
        };

    private static Gen<byte[]> Names =>
        from length in Gen.Elements(1, 2, 99, 100, 101, 155, 256, 257, 900)
        from slash in Gen.Choose(2, 120)
        from seed in Gen.Choose(0, 1000)
        select Enumerable.Range(0, length).Select(i => i % slash == slash - 1 ? (byte)'/' : (byte)(i * 31 + seed) is var b && b is 0 or (byte)'/' or 10 ? (byte)'x' : (byte)(i * 31 + seed)).ToArray();

    private static byte[] ContentOf(TarEntry entry) => [.. Enumerable.Range(0, (int)entry.Size).Select(i => (byte)(i * 7))];

    private static byte[] Write(IEnumerable<TarEntry> entries)
    {
        var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var entry in entries) writer.Write(entry, ContentOf(entry));
        writer.Finish();
        return stream.ToArray();
    }

    private static List<(TarEntry Entry, byte[] Content)> Read(byte[] archive, int chunk)
    {
        var reader = new TarReader(new StreamSource(new MemoryStream(archive), chunk));
        var entries = new List<(TarEntry, byte[])>();
        while (reader.Next() is { } entry) entries.Add((entry, reader.ReadAll(1_000_000)));
        reader.Finish(allowAnything: false);
        return entries;
    }

    private static void AssertSame(TarEntry expected, TarEntry actual)
    {
        Assert.Equal(expected.Type, actual.Type);
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.LinkName, actual.LinkName);
        Assert.Equal(expected.UserName, actual.UserName);
        Assert.Equal(
            (expected.Size, expected.Mode, expected.Uid, expected.Gid, expected.ModifiedAt, expected.DeviceMajor, expected.DeviceMinor),
            (actual.Size, actual.Mode, actual.Uid, actual.Gid, actual.ModifiedAt, actual.DeviceMajor, actual.DeviceMinor));
        Assert.Equal(expected.Attributes.Select(a => (Convert.ToHexString(a.Name), Convert.ToHexString(a.Value))),
            actual.Attributes.Select(a => (Convert.ToHexString(a.Name), Convert.ToHexString(a.Value))));
    }

    private static byte[] Pad(byte[] bytes) => [.. bytes, .. new byte[-bytes.Length & 511]];

    private static byte[] GnuHeader(string name, char type, long size)
    {
        var block = new byte[512];
        B(name).CopyTo(block, 0);
        B("0000644\0").CopyTo(block, 100);
        B("0000000\0").CopyTo(block, 108);
        B("0000000\0").CopyTo(block, 116);
        B(Convert.ToString(size, 8).PadLeft(11, '0') + "\0").CopyTo(block, 124);
        B("00000000000\0").CopyTo(block, 136);
        block[156] = (byte)type;
        B("ustar  \0").CopyTo(block, 257);
        FixChecksums(block);
        return block;
    }

    private static void FixChecksums(byte[] archive)
    {
        for (var start = 0; start + 512 <= archive.Length; start += 512)
        {
            var block = archive.AsSpan(start, 512);
            if (!block[257..].StartsWith("ustar"u8)) continue;
            block[148..156].Fill((byte)' ');
            var sum = 0;
            foreach (var b in block) sum += b;
            B(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block[148..]);
        }
    }

    private static byte[] WithPax(TarEntry entry, string records, byte[]? content = null)
    {
        var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        writer.Write(new TarEntry { Type = (TarEntryType)'x', Name = B("pax"), Size = B(records).Length }, B(records));
        writer.Write(entry, content ?? []);
        writer.Finish();
        return stream.ToArray();
    }

    private static string PaxRecord(string key, string value)
    {
        var rest = key.Length + value.Length + 3;
        var length = rest + rest.ToString(System.Globalization.CultureInfo.InvariantCulture).Length;
        if (length.ToString(System.Globalization.CultureInfo.InvariantCulture).Length > rest.ToString(System.Globalization.CultureInfo.InvariantCulture).Length) length++;
        return $"{length} {key}={value}\n";
    }

    private static byte[] Pax01Sparse(string map = "512,3,2048,2,3000,0") => WithPax(
        File(B("GNUSparseFile.0/sparse"), 5),
        PaxRecord("GNU.sparse.size", "3000") + PaxRecord("GNU.sparse.numblocks", "3") + PaxRecord("GNU.sparse.name", "sparse") + PaxRecord("GNU.sparse.map", map),
        B("abcde"));

    private static byte[] Pax10Sparse()
    {
        var content = Pad(B("3\n512\n3\n2048\n2\n3000\n0\n")).Concat(B("abcde")).ToArray();
        return WithPax(
            File(B("GNUSparseFile.0/sparse"), content.Length),
            PaxRecord("GNU.sparse.major", "1") + PaxRecord("GNU.sparse.minor", "0") + PaxRecord("GNU.sparse.name", "sparse") + PaxRecord("GNU.sparse.realsize", "3000"),
            content);
    }

    private static byte[] OldGnuSparse()
    {
        var header = GnuHeader("sparse", 'S', 5);
        var position = 386;
        foreach (var number in new[] { 512, 3, 2048, 2, 3000, 0 })
        {
            B(Convert.ToString(number, 8).PadLeft(11, '0') + "\0").CopyTo(header, position);
            position += 12;
        }

        B(Convert.ToString(3000, 8).PadLeft(11, '0') + "\0").CopyTo(header, 483);
        FixChecksums(header);
        return [.. header, .. Pad(B("abcde")), .. new byte[1024]];
    }
}
