using FsCheck;
using FsCheck.Fluent;
using Tare.Registry.Http;

namespace Tare.Registry.Tests.Http;

public sealed class ByteRangeTests
{
    [Theory]
    [InlineData("bytes=0-0", 10, 0L, 0L)]
    [InlineData("bytes=2-", 10, 2L, 9L)]
    [InlineData("bytes=2-100", 10, 2L, 9L)]
    [InlineData("bytes=-3", 10, 7L, 9L)]
    [InlineData("bytes=-30", 10, 0L, 9L)]
    public void Ranges_are_cut_to_the_whole(string header, long length, long first, long last)
    {
        Assert.True(ByteRange.TryParse(header, length, out var range));
        Assert.Equal(new ByteRange(first, last), range);
    }

    [Theory]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("lines=0-1")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=-")]
    [InlineData("bytes=99999999999999999999-")]
    [InlineData("")]
    public void What_is_no_single_range_is_ignored(string header)
    {
        Assert.True(ByteRange.TryParse(header, 10, out var range));
        Assert.Null(range);
    }

    [Theory]
    [InlineData("bytes=10-", 10)]
    [InlineData("bytes=-0", 10)]
    [InlineData("bytes=0-", 0)]
    public void What_lies_behind_the_end_is_refused(string header, long length) => Assert.False(ByteRange.TryParse(header, length, out _));

    [Theory]
    [InlineData("0-9", true)]
    [InlineData("bytes 0-9/20", true)]
    [InlineData("9-0", false)]
    [InlineData("-9", false)]
    [InlineData("0-", false)]
    [InlineData("x", false)]
    public void Chunks_say_both_ends(string header, bool valid) => Assert.Equal(valid, ByteRange.TryParseChunk(header, out _));

    [Fact]
    public void A_range_is_always_inside() => Prop.ForAll(ArbMap.Default.ArbFor<(long First, long Last, int Length)>(), sample =>
    {
        var ok = ByteRange.TryParse($"bytes={sample.First}-{sample.Last}", Math.Abs((long)sample.Length), out var range);
        return !ok || range is not { } part || (part.First >= 0 && part.Last < Math.Abs((long)sample.Length) && part.Length > 0);
    }).QuickCheckThrowOnFailure();
}
