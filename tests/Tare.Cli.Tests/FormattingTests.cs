using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Formatting;
using Tare.Cli.Terminal;

namespace Tare.Cli.Tests;

public sealed class FormattingTests
{
    [Theory]
    [InlineData(0, "Less than a second")]
    [InlineData(1, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(60, "About a minute")]
    [InlineData(120, "2 minutes")]
    [InlineData(3599, "59 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(3600 * 47, "47 hours")]
    [InlineData(3600 * 48, "2 days")]
    [InlineData(86400 * 14, "2 weeks")]
    [InlineData(86400 * 60, "2 months")]
    [InlineData(86400 * 730, "2 years")]
    public void Spans(long seconds, string expected) => Assert.Equal(expected, Units.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0B", "0B", "0B")]
    [InlineData(999, "999B", "999B", "999B")]
    [InlineData(1000, "1kB", "1kB", "1000B")]
    [InlineData(1_982_000, "1.98MB", "1.982MB", "1.89MiB")]
    [InlineData(999_900, "1e+03kB", "999.9kB", "976.5KiB")]
    [InlineData(123_456_789_012, "123GB", "123.5GB", "115GiB")]
    public void Sizes(double bytes, string three, string four, string binary)
        => Assert.Equal((three, four, binary), (Units.Size(bytes, 3), Units.Size(bytes), Units.BinarySize(bytes)));

    [Theory]
    [InlineData("512", 512)]
    [InlineData("1k", 1024)]
    [InlineData("1.5m", 1572864)]
    [InlineData("2 GB", 2147483648)]
    [InlineData("1KiB", 1024)]
    [InlineData("3b", 3)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.Null(Units.TryParseSize(text, out var actual));
        Assert.Equal(bytes, actual);
    }

    [Theory]
    [InlineData("", "invalid size: ''")]
    [InlineData("abc", "invalid size: 'abc'")]
    [InlineData("5x", "invalid suffix: 'x'")]
    [InlineData("5kbb", "invalid suffix: 'kbb'")]
    [InlineData("-5", "invalid size: '-5'")]
    public void Wrong_sizes(string text, string message) => Assert.Equal(message, Units.TryParseSize(text, out _));

    [Theory]
    [InlineData("1m30s", 90_000_000_000)]
    [InlineData("-1.5h", -5_400_000_000_000)]
    [InlineData("0", 0)]
    public void Durations_are_read_and_written(string text, long nanoseconds)
    {
        Assert.Null(Units.TryParseDuration(text, out var actual));
        Assert.Equal(nanoseconds, actual);
    }

    [Fact]
    public void Columns_are_aligned_and_the_last_cell_is_not()
    {
        var table = new StringBuilder();
        TabWriter.Align(table, "NAME\tID\nlonger-name\tx\n日本\ty\n", minimum: 10, padding: 3);
        Assert.Equal("NAME          ID\nlonger-name   x\n日本          y\n", table.ToString());
        Assert.Equal("a very long…", TabWriter.Ellipsis("a very long text", 12));
        Assert.Equal("日本…", TabWriter.Ellipsis("日本語文", 6));
    }

    [Theory]
    [InlineData("{\"a\":[],\"b\":{},\"c\":[1,{\"d\":\"x,{\\\"\"}]}", "{\n    \"a\": [],\n    \"b\": {},\n    \"c\": [\n        1,\n        {\n            \"d\": \"x,{\\\"\"\n        }\n    ]\n}")]
    [InlineData("[ 1.50 , \"\\u003c\" ]", "[\n    1.50,\n    \"\\u003c\"\n]")]
    public void Json_is_indented_as_it_is(string json, string expected)
    {
        var target = new ArrayBufferWriter<byte>();
        GoJson.Reformat(target, Encoding.UTF8.GetBytes(json), indent: true);
        Assert.Equal(expected, Encoding.UTF8.GetString(target.WrittenSpan));
        var compact = new ArrayBufferWriter<byte>();
        GoJson.Reformat(compact, target.WrittenSpan, indent: false);
        Assert.Equal(json.Replace(" ", "", StringComparison.Ordinal), Encoding.UTF8.GetString(compact.WrittenSpan));
    }

    [Theory]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", 1_700_000_000, 3600, "CET")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", 1_720_000_000, 7200, "CEST")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_799, 3600, "CET")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_800, 7200, "CEST")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_799, 7200, "CEST")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_800, 3600, "CET")]
    [InlineData("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_704_067_200, 39600, "AEDT")]
    [InlineData("<+0545>-5:45", 0, 20700, "+0545")]
    [InlineData("EST5", 0, -18000, "EST")]
    public void Zones(string rule, long seconds, int offset, string name) => Assert.Equal((offset, name), PosixZone.Parse(rule)!.At(seconds));

    [Fact]
    public void Times_are_written_as_Go_does()
    {
        Assert.Equal("2023-11-14 22:13:20 +0000 UTC", LocalTime.Utc.Format(1_700_000_000));
        Assert.Equal("2023-11-14T22:13:20.000000005Z", LocalTime.Utc.FormatRfc3339(1_700_000_000_000_000_005));
        if (!File.Exists("/usr/share/zoneinfo/Europe/Berlin")) return;
        Assert.Equal("2023-11-14 23:13:20 +0100 CET", LocalTime.Load("Europe/Berlin").Format(1_700_000_000));
        Assert.Equal("2050-07-01 02:00:00 +0200 CEST", LocalTime.Load("Europe/Berlin").Format(2_540_246_400));
    }

    [Theory]
    [InlineData("10m", "1699999400")]
    [InlineData("1700000000", "1700000000")]
    [InlineData("2013-01-02T13:23:37Z", "1357133017.000000000")]
    [InlineData("2013-01-02T13:23:37.123456789+01:00", "1357129417.123456700")]
    [InlineData("2013-01-02", "1357084800.000000000")]
    public void Times_of_options(string text, string expected)
    {
        Assert.Null(Timestamps.TryRead(text, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), LocalTime.Utc, out var value));
        Assert.Equal(expected, value);
    }

    [Fact]
    public void Help_is_wrapped_between_words()
        => Assert.Equal("one two three four five\n    six seven eight nine ten", Help.Wrap("one two three four five six seven eight nine ten", 4, 36));

    [Theory]
    [InlineData("a\u0010", "a", false)]
    [InlineData("a\u0010b", "a\u0010b", false)]
    [InlineData("ab\u0010\u0011c", "ab", true)]
    [InlineData("\u0010\u0010\u0011", "\u0010", true)]
    public void Detach_keys_are_found(string typed, string passed, bool detached)
    {
        var keys = DetachKeys.Default;
        var through = new List<byte>();
        var found = false;
        foreach (var key in Encoding.ASCII.GetBytes(typed)) found |= !found && keys.Take([key], through);
        Assert.Equal((detached, passed), (found, Encoding.ASCII.GetString(through.ToArray())));
    }

    [Fact]
    public void Detach_keys_are_read()
    {
        Assert.NotNull(DetachKeys.TryParse("ctrl-a,x,ctrl-["));
        Assert.Null(DetachKeys.TryParse("ctrl-1"));
        Assert.Null(DetachKeys.TryParse("foo"));
    }

    [Theory]
    [InlineData("0.5", 500_000_000)]
    [InlineData("1/3", -1)]
    [InlineData("1e-30", -1)]
    [InlineData("2", 2_000_000_000)]
    [InlineData("5.", 5_000_000_000)]
    [InlineData("15e-1", 1_500_000_000)]
    [InlineData("1.5E0", 1_500_000_000)]
    public void Cpus(string text, long nano)
    {
        var error = Rational.TryParseNano(text, out var value);
        Assert.Equal(nano < 0 ? "value is too precise" : null, error);
        if (nano >= 0) Assert.Equal(nano, value);
    }

    [Theory]
    [InlineData("-1", -1_000_000_000)]
    [InlineData("9223372036854775807", -1_000_000_000)]
    [InlineData("1e30", 6873995514006732800)]
    public void Cpus_that_do_not_fit_are_cut_off_as_docker_does(string text, long nano)
    {
        Assert.Null(Rational.TryParseNano(text, out var value));
        Assert.Equal(nano, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1e")]
    [InlineData("e1")]
    [InlineData("1e0/2")]
    [InlineData("1e1000000")]
    [InlineData("inf")]
    [InlineData("1/-2")]
    public void What_is_no_number_of_cpus(string text) =>
        Assert.Equal($"failed to parse {text} as a rational number", Rational.TryParseNano(text, out _));

    /// <summary>Whatever is typed, a flag takes it or says what is wrong with it.</summary>
    [Fact]
    public void No_flag_of_any_verb_throws()
    {
        var verbs = VerbTable.Common.Concat(VerbTable.Others).Concat(VerbTable.Roles).Select(item => item.Name).Where(name => VerbTable.Create("", name) is not null).ToArray();
        // Random texts are seldom near a number, a size or a path: the parts of those make up most of what is tried.
        var parts = Gen.Elements("-", "1", "0", "9223372036854775807", "18446744073709551616", ".", ",", "/", ":", "=", "e", "k", "m", "s", "[", "]", " ", "\"", "tcp", "type=", "source=", "bind", "/x", "é", "\0");
        var texts = Gen.OneOf(ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""), parts.ListOf().Select(string.Concat));
        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            foreach (var name in verbs)
            {
                foreach (var flag in VerbTable.Create("", name)!.Flags.All) flag.Set(text);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_verb_has_help_and_a_place()
    {
        foreach (var (name, summary) in VerbTable.Common.Concat(VerbTable.Groups).Concat(VerbTable.Others))
        {
            Assert.NotEmpty(summary);
            var verb = VerbTable.Create("", name)!;
            verb.Path = "tare " + name;
            Assert.StartsWith($"Usage:  tare {name}", Help.Of(verb, "tare"), StringComparison.Ordinal);
            Assert.False(VerbTable.IsMissing("", name));
        }
    }
}
