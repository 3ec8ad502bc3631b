using FsCheck;
using FsCheck.Fluent;

namespace Tare.Wire.Tests;

public sealed class GoTimeTests
{
    [Theory]
    [InlineData(0, "1970-01-01T00:00:00Z")]
    [InlineData(1, "1970-01-01T00:00:00.000000001Z")]
    [InlineData(1_500_000_000, "1970-01-01T00:00:01.5Z")]
    [InlineData(-1, "1969-12-31T23:59:59.999999999Z")]
    [InlineData(1_795_249_714_659_274_319, "2026-11-21T08:28:34.659274319Z")]
    public void Nanoseconds_are_written_as_Go_writes_them(long nanoseconds, string expected)
        => Assert.Equal(expected, GoTime.FormatUnixNanoseconds(nanoseconds));

    [Fact]
    public void Log_lines_have_nine_digits()
        => Assert.Equal("1970-01-01T00:00:01.500000000Z", GoTime.FormatUnixNanosecondsFixed(1_500_000_000));

    [Fact]
    public void The_time_that_never_was()
        => Assert.Equal(GoTime.Zero, GoTime.Format(default));

    [Theory]
    [InlineData("2026-11-21T08:28:34.659274319Z", 1_795_249_714_659_274_319)]
    [InlineData("2026-11-21T10:28:34.659274319+02:00", 1_795_249_714_659_274_319)]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1970-01-01T00:00:00.1234567890123Z", 123_456_789)]
    public void Times_are_read(string text, long expected)
    {
        Assert.True(GoTime.TryParseUnixNanoseconds(text, out var nanoseconds));
        Assert.Equal(expected, nanoseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("2026-11-21")]
    [InlineData("2026-13-21T00:00:00Z")]
    [InlineData("2026-11-21T08:28:34.Z")]
    [InlineData("9999-11-21T08:28:34Z")]
    public void What_is_no_time_is_refused(string text) => Assert.False(GoTime.TryParseUnixNanoseconds(text, out _));

    [Fact]
    public void What_is_written_is_read_back()
        => Prop.ForAll<long>(nanoseconds => GoTime.TryParseUnixNanoseconds(GoTime.FormatUnixNanoseconds(nanoseconds), out var back) && back == nanoseconds)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Nothing_that_is_read_throws()
        => Prop.ForAll<string?>(text => GoTime.TryParse(text ?? "", out _) || true).QuickCheckThrowOnFailure();
}
