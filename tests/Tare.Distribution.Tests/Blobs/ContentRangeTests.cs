using FsCheck;
using FsCheck.Fluent;
using Tare.Distribution.Blobs;

namespace Tare.Distribution.Tests.Blobs;

public sealed class ContentRangeTests
{
    [Theory]
    [InlineData("bytes 0-0/1", 0, 0, 1L)]
    [InlineData("BYTES 5-9/10", 5, 9, 10L)]
    [InlineData("bytes 5-9/*", 5, 9, null)]
    public void Ranges_are_read(string text, long first, long last, long? total)
    {
        Assert.True(ContentRange.TryParse(text, out var range));
        Assert.Equal(new ContentRange(first, last, total), range);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bytes")]
    [InlineData("bytes 5-9")]
    [InlineData("bytes 9-5/10")]
    [InlineData("bytes 5-10/10")]
    [InlineData("bytes -5/10")]
    [InlineData("bytes 5-/10")]
    [InlineData("bytes +5-9/10")]
    [InlineData("bytes 5-9/ten")]
    [InlineData("bytes */10")]
    [InlineData("items 5-9/10")]
    [InlineData("bytes 5-99999999999999999999/*")]
    public void What_is_none_is_none(string? text) => Assert.False(ContentRange.TryParse(text, out _));

    [Theory]
    [InlineData("0-0", 0)]
    [InlineData("0-99", 99)]
    [InlineData("bytes=0-99", 99)]
    public void Uploads_tell_theirs_shorter(string text, long last)
    {
        Assert.True(ContentRange.TryParseUpload(text, out var range));
        Assert.Equal(new ContentRange(0, last, null), range);
    }

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll<NonNegativeInt, NonNegativeInt, NonNegativeInt>((first, more, rest) =>
        {
            var last = (long)first.Get + more.Get;
            return ContentRange.TryParse($"bytes {first.Get}-{last}/{last + 1 + rest.Get}", out var range)
                && range == new ContentRange(first.Get, last, last + 1 + rest.Get)
                && ContentRange.TryParseUpload($"{first.Get}-{last}", out var upload) && upload == new ContentRange(first.Get, last, null);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_is_read_makes_sense() =>
        Prop.ForAll(Gen.Elements("bytes ", "0", "7", "-", "/", "*", " ", "99999999999").ListOf().Select(list => string.Concat(list)).ToArbitrary(), text =>
            !ContentRange.TryParse(text, out var range) || (range.First >= 0 && range.First <= range.Last && (range.Total is null || range.Last < range.Total)))
            .QuickCheckThrowOnFailure();
}
