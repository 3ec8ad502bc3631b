using FsCheck;
using FsCheck.Fluent;
using Tare.Registry.Web;

namespace Tare.Registry.Tests.Web;

public sealed class HtmlTests
{
    [Fact]
    public void No_text_opens_a_tag_or_ends_a_value() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        var page = new Html().Text(text).Path(text ?? "").Value(text ?? "").ToString();
        return !page.AsSpan().ContainsAny("<>\"'");
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("<script>", "&lt;script&gt;")]
    [InlineData("a\u202Eb", "a\uFFFDb")]
    [InlineData("a\0b", "a\uFFFDb")]
    public void What_could_deceive_is_shown_as_what_it_is(string text, string expected) => Assert.Equal(expected, new Html().Text(text).ToString());

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1500, "1.5 kB")]
    [InlineData(150_000_000, "150 MB")]
    public void Sizes_are_short(long bytes, string expected) => Assert.Equal(expected, Html.FormatSize(bytes));
}
