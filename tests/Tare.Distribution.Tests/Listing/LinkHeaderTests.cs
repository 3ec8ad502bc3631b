using FsCheck;
using FsCheck.Fluent;
using Tare.Distribution.Listing;

namespace Tare.Distribution.Tests.Listing;

public sealed class LinkHeaderTests
{
    [Theory]
    [InlineData("</v2/a/tags/list?n=2&last=b>; rel=\"next\"", "/v2/a/tags/list?n=2&last=b")]
    [InlineData("</x>; rel=next", "/x")]
    [InlineData("</x>;REL=\"NEXT\"", "/x")]
    [InlineData("</x>; title=\"a, <b>; c\"; rel=\"next\"", "/x")]
    [InlineData("</first>; rel=\"first\", </x>; rel=\"last next\"", "/x")]
    [InlineData("</x>; rel=\"prev\"", null)]
    [InlineData("</x>", null)]
    [InlineData("</x", null)]
    [InlineData("rel=next", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void The_next_page_is_found(string? header, string? expected) => Assert.Equal(expected, LinkHeader.Next(header));

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll(Gen.Elements("abc/?&=,;%20\"".ToCharArray()).ListOf().Select(list => new string([.. list])).ToArbitrary(), address =>
            LinkHeader.Next($"</zero>; rel=prev, <{address}>; rel=\"next\"") == address).QuickCheckThrowOnFailure();

    [Fact]
    public void Anything_ends() =>
        Prop.ForAll(Gen.Elements("<>,;=\" relnxt".ToCharArray()).ListOf().Select(list => new string([.. list])).ToArbitrary(), text =>
            LinkHeader.Next(text) is var next && (next is null || next.Length < text.Length)).QuickCheckThrowOnFailure();
}
