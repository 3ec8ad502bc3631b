using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Tare.Linux.Netlink;
using Tare.Linux.Netlink.Connections;
using Tare.Linux.Netlink.Tables;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Whatever a message holds, reading it ends, and with a value or nothing.</summary>
public sealed class HostileMessageTests
{
    [Fact]
    public void Any_bytes_are_read_without_failing() => Check.QuickThrowOnFailure(Prop.ForAll(Messages().ToArbitrary(), body =>
    {
        _ = LinkMessage.Read(LinkMessage.RTM_NEWLINK, body);
        _ = NetworkRoute.Read(NetworkRoute.RTM_NEWROUTE, body);
        _ = ConntrackEntry.Read([2, 0, 0, 0, .. body]);
        NftSetMessage.ReadElements(body, []);
        if (body.Length >= 8) _ = NetworkAddress.Read(body).ToString();
        return true;
    }));

    [Fact]
    public void What_is_written_is_read_again() => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.GeneratorFor<(ushort, byte[])[]>().ToArbitrary(), given =>
    {
        var writer = new NetlinkWriter(1);
        var nest = writer.BeginNest(9);
        foreach (var (kind, value) in given) writer.Attribute((ushort)(kind & 0x3FFF), value);
        writer.EndNest(nest);
        var outer = new NetlinkAttributes(writer.Written);
        Assert.True(outer.Next());
        Assert.Equal(9, outer.Kind);
        var inner = outer.Nested;
        foreach (var (kind, value) in given)
        {
            Assert.True(inner.Next());
            Assert.Equal(kind & 0x3FFF, inner.Kind);
            Assert.Equal(value, inner.Value.ToArray());
        }
        Assert.False(inner.Next());
        Assert.False(outer.Next());
    }));

    /// <summary>Bytes of which some begin like attributes in attributes, with lengths that are nearly right.</summary>
    private static Gen<byte[]> Messages() =>
        from head in Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf(16)
        from family in Gen.Elements<byte>(0, 2, 10, 255)
        from attributes in Attribute(3).ArrayOf()
        from cut in Gen.Choose(0, 8)
        select Cut([family, .. head[1..], .. attributes.SelectMany(static attribute => attribute)], cut);

    private static Gen<byte[]> Attribute(int depth) =>
        from kind in Gen.Choose(0, 40)
        from error in Gen.Frequency((8, Gen.Constant(0)), (1, Gen.Choose(-6, 6)))
        from content in depth == 0
            ? Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf()
            : Gen.OneOf(Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf(), Attribute(depth - 1).ArrayOf(3).Select(static inner => inner.SelectMany(static attribute => attribute).ToArray()))
        select Encode(kind, content, error);

    private static byte[] Encode(int kind, byte[] content, int error)
    {
        var bytes = new byte[(4 + content.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)Math.Clamp(4 + content.Length + error, 0, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)kind);
        content.CopyTo(bytes, 4);
        return bytes;
    }

    private static byte[] Cut(byte[] bytes, int count) => bytes[..Math.Max(0, bytes.Length - count)];
}
