using System.Text;
using Tare.Registry.Http;
using Tare.Registry.Manifests;

namespace Tare.Registry.Tests.Manifests;

public sealed class ManifestDocumentTests
{
    private const string A = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string B = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    [Fact]
    public void The_artifact_type_is_its_own_or_that_of_the_configuration()
    {
        Assert.Equal("t/own", Parse($$"""{"artifactType":"t/own","config":{"mediaType":"t/config","digest":"{{A}}","size":1} }""").ArtifactType);
        Assert.Equal("t/config", Parse($$"""{"config":{"mediaType":"t/config","digest":"{{A}}","size":1} }""").ArtifactType);
    }

    [Fact]
    public void What_it_refers_to_is_found()
    {
        var manifest = Parse($$"""{"config":{"digest":"{{A}}"},"layers":[{"digest":"{{B}}"},{"digest":"{{B}}"}],"subject":{"digest":"{{A}}"} }""");
        Assert.Equal([A, B], manifest.Blobs.Select(digest => digest.ToString()));
        Assert.Equal(A, manifest.Subject.ToString());
        var index = Parse($$"""{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"{{B}}"}]}""");
        Assert.Equal([B], index.Children.Select(digest => digest.ToString()));
        Assert.Empty(index.Blobs);
    }

    [Fact]
    public void A_layer_that_lies_elsewhere_is_not_looked_for() => Assert.Single(Parse(
        $$"""{"config":{"digest":"{{A}}"},"layers":[{"digest":"{{B}}","mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","urls":["https://x.invalid/"]}]}""").Blobs);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"schemaVersion":1,"config":{}}""")]
    [InlineData("""{"config":{"digest":"md5:00"}}""")]
    [InlineData("""{"config":"x"}""")]
    [InlineData("""{"config":{"digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"layers":{}}""")]
    [InlineData("""{"mediaType":"text/html"}""")]
    public void What_is_no_manifest_is_refused(string text) => Assert.Throws<RefusalException>(() => Parse(text));

    [Fact]
    public void A_document_that_contradicts_its_content_type_is_refused() => Assert.Throws<RefusalException>(() =>
        ManifestDocument.Parse(Encoding.UTF8.GetBytes($$"""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"{{A}}"} }"""), "application/vnd.oci.image.index.v1+json"));

    [Fact]
    public void Depth_is_limited() => Assert.Throws<RefusalException>(() => Parse(string.Concat(Enumerable.Repeat("[", 100_000))));

    private static ManifestDocument Parse(string text) => ManifestDocument.Parse(Encoding.UTF8.GetBytes(text), null);
}
