using System.Text.Json;
using Tare.Distribution.Tests.Harness;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Tests.Listing;

public sealed class ListingTests
{
    private static readonly Digest Subject = Digest.Of([1, 2, 3]);

    [Fact]
    public async Task Tags_are_read_page_by_page()
    {
        await using var fixture = new RegistryFixture(request => request.Query("last") switch
        {
            null => Reply.Json(200, """{"name":"team/app","tags":["a","b"]}""", "Link: </v2/team/app/tags/list?last=b&n=2>; rel=\"next\""),
            "b" => Reply.Json(200, """{"tags":["c"]}""", $"Link: <http://{request["Host"]}/v2/team/app/tags/list?last=c>; rel=\"next\""),
            _ => Reply.Json(200, """{"tags":null}"""),
        });
        Assert.Equal(["a", "b", "c"], await TagsAsync(fixture));
    }

    [Fact]
    public async Task A_page_at_another_host_is_refused()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Json(200, """{"tags":["a"]}""", "Link: <http://127.0.0.1:1/x>; rel=\"next\""));
        var error = await Assert.ThrowsAsync<RegistryException>(() => TagsAsync(fixture));
        Assert.Contains("another host", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_names_itself_is_refused()
    {
        await using var fixture = new RegistryFixture(request => Reply.Json(200, """{"tags":["a"]}""", $"Link: <{request.Target}>; rel=\"next\""));
        await Assert.ThrowsAsync<RegistryException>(() => TagsAsync(fixture));
    }

    [Theory]
    [InlineData("""{"tags":["ok","\u001b[31mred"]}""")]
    [InlineData("""{"tags":["a/b"]}""")]
    [InlineData("""{"tags":[null]}""")]
    [InlineData("""{"tags":7}""")]
    [InlineData("no")]
    public async Task What_is_no_list_of_tags_is_refused(string body)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Json(200, body));
        await Assert.ThrowsAsync<RegistryException>(() => TagsAsync(fixture));
    }

    [Fact]
    public async Task A_repository_that_is_not_there_is_told_in_Dockers_words()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Refusal(404, "NAME_UNKNOWN", "repository name not known to registry"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => TagsAsync(fixture));
        Assert.Equal($"repository {fixture.Name.FamiliarName} not found: name unknown: repository name not known to registry", error.Message);
        Assert.Equal(ErrorKind.NotFound, error.Kind);
    }

    [Fact]
    public async Task Referrers_are_listed()
    {
        await using var fixture = new RegistryFixture(request => request.Path == $"/v2/team/app/referrers/{Subject}"
            ? request.Query("last") is null
                ? Reply.Of(200, Index("a", "b"), $"Content-Type: {MediaTypes.OciIndex}", $"Link: <{request.Path}?last=1>; rel=\"next\"")
                : Reply.Of(200, Index("a"), $"Content-Type: {MediaTypes.OciIndex}")
            : Reply.Of(404));
        Assert.Equal(3, (await fixture.Open().ReferrersAsync(Subject, null, RegistryFixture.Token)).Manifests.Count);
        var filtered = await fixture.Open().ReferrersAsync(Subject, "type/a", RegistryFixture.Token); // the registry does not filter: we do
        Assert.All(filtered.Manifests, manifest => Assert.Equal("type/a", manifest.ArtifactType));
        Assert.Equal(2, filtered.Manifests.Count);
        Assert.Contains(fixture.Server.Requests, request => request.Query("artifactType") == "type/a");
    }

    [Fact]
    public async Task A_registry_without_referrers_has_them_by_a_tag()
    {
        await using var fixture = new RegistryFixture(request => request.Path == $"/v2/team/app/manifests/sha256-{Subject.Hex}"
            ? Reply.Of(200, Index("a", "b"), $"Content-Type: {MediaTypes.OciIndex}")
            : Reply.Refusal(404, "NAME_UNKNOWN", "x"));
        Assert.Equal(2, (await fixture.Open().ReferrersAsync(Subject, null, RegistryFixture.Token)).Manifests.Count);
        Assert.Single((await fixture.Open().ReferrersAsync(Subject, "type/b", RegistryFixture.Token)).Manifests);
    }

    [Fact]
    public async Task What_nothing_refers_to_has_none()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(404));
        Assert.Empty((await fixture.Open().ReferrersAsync(Subject, null, RegistryFixture.Token)).Manifests);
    }

    private static string Index(params string[] types) => JsonSerializer.Serialize(
        new OciIndex
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciIndex,
            Manifests = [.. types.Select(type => new OciDescriptor { Digest = Subject.ToString(), Size = 3, MediaType = MediaTypes.OciManifest, ArtifactType = "type/" + type })],
        },
        ImageJson.Default.OciIndex);

    private static async Task<List<string>> TagsAsync(RegistryFixture fixture)
    {
        var tags = new List<string>();
        await foreach (var tag in fixture.Open().ListTagsAsync(RegistryFixture.Token)) tags.Add(tag);
        return tags;
    }
}
