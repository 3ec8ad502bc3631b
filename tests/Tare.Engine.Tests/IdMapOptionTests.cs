using FsCheck;
using FsCheck.Fluent;
using Tare.Engine.Create;
using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Engine.Tests;

/// <summary>Mappings of ids, as podman writes them.</summary>
public sealed class IdMapOptionTests
{
    private static readonly LinuxIdMapping[] Same = [new(0, 0, uint.MaxValue)];

    [Fact]
    public void Ranges_of_users_and_groups_are_read()
    {
        var (users, groups) = IdMapOption.Parse("uids=0-1-10#10-11-10;gids=0-100-10");
        Assert.Equal([new LinuxIdMapping(0, 1, 10), new LinuxIdMapping(10, 11, 10)], users);
        Assert.Equal([new LinuxIdMapping(0, 100, 10)], groups);
        Assert.Equal([new LinuxIdMapping(5, 6, 7)], IdMapOption.Parse("gids=@5-6-7").Groups);
    }

    [Fact]
    public void What_is_not_said_stays_as_it_is()
    {
        Assert.Equal(Same, IdMapOption.Parse("gids=0-100-10").Users);
        Assert.Equal(Same, IdMapOption.Parse("uids=0-100-10").Groups);
        Assert.Equal(Same, IdMapOption.Parse("uids=0-0-4294967295").Users);
    }

    [Theory]
    [InlineData("")]
    [InlineData("uids")]
    [InlineData("uids=")]
    [InlineData("uids=1-2")]
    [InlineData("uids=1-2-3-4")]
    [InlineData("uids=1-2-0")]
    [InlineData("uids=-1-2-3")]
    [InlineData("uids=+1-2-3")]
    [InlineData("uids=@@1-2-3")]
    [InlineData("uids=1-2-3#")]
    [InlineData("uids=1-2-3;")]
    [InlineData("uids=1-2-3;uids=1-2-3")]
    [InlineData("uids=1-2-3;other=1-2-3")]
    [InlineData("uids=1-0-4294967295")]
    [InlineData("uids=0-4294967295-1")]
    [InlineData("uids=4294967296-0-1")]
    [InlineData("uids=0-0-5#4-10-1")]
    [InlineData("uids=10-0-5#0-4-1")]
    public void What_is_no_mapping(string text) => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<TareException>(() => IdMapOption.Parse(text)).Kind);

    [Fact]
    public void The_kernel_takes_so_many_ranges()
    {
        string Ranges(int count) => "uids=" + string.Join('#', Enumerable.Range(0, count).Select(i => $"{i}-{i}-1"));
        Assert.Equal(340, IdMapOption.Parse(Ranges(340)).Users.Count);
        Assert.Throws<TareException>(() => IdMapOption.Parse(Ranges(341)));
    }

    [Fact]
    public void Any_range_that_fits_comes_back() => Prop.ForAll<uint, uint, ushort>((inside, outside, count) =>
    {
        var text = $"uids={inside}-{outside}-{count}";
        if (count > 0 && (ulong)inside + count <= uint.MaxValue && (ulong)outside + count <= uint.MaxValue)
            Assert.Equal([new LinuxIdMapping(inside, outside, count)], IdMapOption.Parse(text).Users);
        else Assert.Throws<TareException>(() => IdMapOption.Parse(text));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_other_text_is_refused_with_a_sentence() => Prop.ForAll<string?>(text =>
    {
        try
        {
            _ = IdMapOption.Parse(text ?? "");
        }
        catch (TareException e)
        {
            Assert.Equal(ErrorKind.InvalidArgument, e.Kind);
        }
    }).QuickCheckThrowOnFailure();
}
