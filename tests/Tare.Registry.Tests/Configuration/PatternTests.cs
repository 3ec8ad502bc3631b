using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Registry.Configuration;

namespace Tare.Registry.Tests.Configuration;

public sealed class PatternTests
{
    [Theory]
    [InlineData("team/*", "team/a", true)]
    [InlineData("team/*", "team/a/b", true)]
    [InlineData("team/*", "team", false)]
    [InlineData("*", "", true)]
    [InlineData("*/app", "a/b/app", true)]
    [InlineData("v*-rc*", "v1.0-rc2", true)]
    [InlineData("v*-rc*", "v1.0", false)]
    [InlineData("a", "A", false)]
    public void A_star_stands_for_anything(string pattern, string text, bool fits) => Assert.Equal(fits, Pattern.Fits(pattern, text));

    [Fact]
    public void It_is_the_same_as_a_regular_expression()
    {
        var letters = Gen.Elements('a', 'b', '/', '*').ListOf().Select(list => string.Concat(list));
        Prop.ForAll(letters.ToArbitrary(), letters.ToArbitrary(), (pattern, text) =>
            Pattern.Fits(pattern, text) == Regex.IsMatch(text, "^" + Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal) + "$")).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("10GB", 10L << 30)]
    [InlineData("1k", 1024L)]
    [InlineData("5 MB", 5L << 20)]
    [InlineData("7", 7L)]
    public void Sizes_have_units(string text, long bytes) => Assert.Equal(bytes, Quantities.Size(text, "it"));

    [Theory]
    [InlineData("")]
    [InlineData("GB")]
    [InlineData("-1GB")]
    [InlineData("9999999999999TB")]
    public void What_is_no_size_is_refused(string text) => Assert.Throws<TareException>(() => Quantities.Size(text, "it"));

    [Fact]
    public void Spans_have_units()
    {
        Assert.Equal(TimeSpan.FromDays(30), Quantities.Span("30d", "it"));
        Assert.Throws<TareException>(() => Quantities.Span("30", "it"));
    }

    [Theory]
    [InlineData("""{"rules":[{"repository":"a","reed":["b"]}]}""", "reed")]
    [InlineData("""{"rules":[{"repository":"a","read":["@nobody"]}]}""", "@nobody")]
    [InlineData("""{"quotas":[{"repository":"a","size":"big"}]}""", "big")]
    [InlineData("""{"retention":[{"repository":"a"}]}""", "every tag")]
    [InlineData("""{"upstreams":[{"prefix":"hub","registry":"docker.io"}]}""", "hub")]
    [InlineData("{", "wrong")]
    public void A_wrong_configuration_says_what_is_wrong(string text, string part)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            Assert.Contains(part, Assert.Throws<TareException>(() => ConfigFile.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
