using FsCheck;
using FsCheck.Fluent;
using Tare.Registry.Http;

namespace Tare.Registry.Tests.Http;

public sealed class RegistryPathTests
{
    [Theory]
    [InlineData("/v2/", "Base", "", "")]
    [InlineData("/v2", "Base", "", "")]
    [InlineData("/v2/_catalog", "Catalog", "", "")]
    [InlineData("/v2/a/tags/list", "Tags", "a", "")]
    [InlineData("/v2/a/b/c/manifests/latest", "Manifest", "a/b/c", "latest")]
    [InlineData("/v2/a/b/blobs/sha256:00", "Blob", "a/b", "sha256:00")]
    [InlineData("/v2/a/blobs/uploads/", "Uploads", "a", "")]
    [InlineData("/v2/a/blobs/uploads", "Uploads", "a", "")]
    [InlineData("/v2/a/blobs/uploads/1234", "Upload", "a", "1234")]
    [InlineData("/v2/a/referrers/sha256:00", "Referrers", "a", "sha256:00")]
    [InlineData("/v2/a/blobs/uploads/manifests/latest", "Manifest", "a/blobs/uploads", "latest")]
    [InlineData("/v2/manifests/blobs/tags/list", "Tags", "manifests/blobs", "")]
    [InlineData("/v2/tags/list/manifests/1", "Manifest", "tags/list", "1")]
    [InlineData("/v2/manifests/latest", "None", "", "")]
    [InlineData("/v2//manifests/latest", "None", "", "")]
    [InlineData("/v2/blobs/uploads/", "None", "", "")]
    [InlineData("/v3/", "None", "", "")]
    [InlineData("/", "Home", "", "")]
    [InlineData("/repository/a/b", "Page", "a/b", "")]
    public void Paths_are_understood_from_their_end(string path, string endpoint, string name, string reference)
    {
        var parsed = RegistryPath.Parse(path);
        Assert.Equal((endpoint, name, reference), (parsed.Endpoint.ToString(), parsed.Name, parsed.Reference));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("library/busybox", true)]
    [InlineData("a.b_c__d-e---f/0", true)]
    [InlineData("", false)]
    [InlineData("A", false)]
    [InlineData("a//b", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a..b", false)]
    [InlineData("a___b", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("../etc", false)]
    [InlineData("a._b", false)]
    public void Names_have_their_grammar(string name, bool valid) => Assert.Equal(valid, RepositoryName.IsValid(name));

    [Fact]
    public void Names_have_their_length()
    {
        Assert.True(RepositoryName.IsValid(new string('a', 255)));
        Assert.False(RepositoryName.IsValid(new string('a', 256)));
        Assert.True(RepositoryName.IsTag(new string('a', 128)));
        Assert.False(RepositoryName.IsTag(new string('a', 129)));
        Assert.False(RepositoryName.IsTag(".a"));
        Assert.False(RepositoryName.IsTag("a b"));
    }

    [Fact]
    public void No_text_breaks_the_grammar() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        _ = RegistryPath.Parse("/v2/" + text);
        if (text is null) return true;
        return !RepositoryName.IsValid(text) || text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || "._-/".Contains(c, StringComparison.Ordinal));
    }).QuickCheckThrowOnFailure();
}
