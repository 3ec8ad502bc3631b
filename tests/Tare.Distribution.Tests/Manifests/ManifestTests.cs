using System.Text;
using Tare.Distribution.Tests.Harness;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Tests.Manifests;

public sealed class ManifestTests
{
    private const string Document = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}""";
    private static readonly Digest DocumentDigest = Digest.Of(Encoding.UTF8.GetBytes(Document));

    [Fact]
    public async Task One_is_read_by_tag_and_by_digest()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, Document, "Content-Type: application/json", $"Docker-Content-Digest: {DocumentDigest}"));
        var repository = fixture.Open();
        var manifest = await repository.GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal(MediaTypes.OciManifest, manifest.MediaType);
        Assert.Equal(DocumentDigest, manifest.Digest);
        Assert.Equal(Document, Encoding.UTF8.GetString(manifest.Content));
        await repository.GetManifestAsync(DocumentDigest.ToString(), RegistryFixture.Token);
        Assert.Equal(["GET /v2/team/app/manifests/v1", $"GET /v2/team/app/manifests/{DocumentDigest}"], fixture.Server.Requests.Select(request => request.ToString()));
        foreach (var type in (string[])[MediaTypes.OciManifest, MediaTypes.OciIndex, MediaTypes.DockerManifest, MediaTypes.DockerManifestList])
            Assert.Contains(type, fixture.Server.Requests[0]["Accept"]!, StringComparison.Ordinal);
        Assert.Equal(fixture.Server.Host, repository.RegistryHost);
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"config":{},"layers":[]}""", "application/vnd.docker.distribution.manifest.v2+json", MediaTypes.DockerManifest)]
    [InlineData("""{"schemaVersion":2,"config":{},"layers":[]}""", "application/json", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", "text/plain", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}""", MediaTypes.OciManifest, MediaTypes.OciIndex)]
    public async Task The_type_is_the_documents_or_the_headers(string document, string header, string expected)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, document, $"Content-Type: {header}"));
        Assert.Equal(expected, (await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token)).MediaType);
    }

    [Fact]
    public async Task Another_digest_than_the_one_asked_for_is_refused()
    {
        var wanted = Digest.Of([1]);
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, Document));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync(wanted.ToString(), RegistryFixture.Token));
        Assert.StartsWith($"manifest verification failed for digest {wanted}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_digest_than_the_one_named_is_refused()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, Document, $"Docker-Content-Digest: {Digest.Of([1])}"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Contains("manifest verification failed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(-1L, false)]
    [InlineData(null, true)]
    [InlineData(100L * 1024 * 1024, false)]
    public async Task A_manifest_that_is_too_large_is_refused(long? contentLength, bool chunked)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Bytes(new byte[5 * 1024 * 1024]) with { ContentLength = contentLength, IsChunked = chunked });
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Contains("larger than 4096 KiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_of_exactly_four_mebibytes_is_read()
    {
        var document = Document.Insert(1, new string(' ', (4 * 1024 * 1024) - Document.Length));
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, document) with { IsChunked = true });
        Assert.Equal(4 * 1024 * 1024, (await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token)).Content.Length);
    }

    [Theory]
    [InlineData("""{"schemaVersion":1,"name":"x","fsLayers":[]}""", "application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("""{"schemaVersion":1,"name":"x","fsLayers":[]}""", "application/json")]
    public async Task The_oldest_format_is_refused_in_Dockers_words(string document, string type)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, document, $"Content-Type: {type}"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.StartsWith("Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of ", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("")]
    [InlineData("{\"schemaVersion\":2}{}")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}""")]
    public async Task What_is_no_manifest_is_refused(string document)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, document, "Content-Type: application/vnd.oci.image.manifest.v1+json"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Contains("manifest", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "MANIFEST_UNKNOWN", "manifest unknown", "manifest for {0}:v1 not found: manifest unknown: manifest unknown", ErrorKind.NotFound)]
    [InlineData(404, "NAME_UNKNOWN", "repository name not known to registry", "repository {0} not found: name unknown: repository name not known to registry", ErrorKind.NotFound)]
    [InlineData(403, "DENIED", "requested access to the resource is denied", "pull access denied for {0}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", ErrorKind.NotFound)]
    [InlineData(401, "UNAUTHORIZED", "authentication required", "unauthorized: authentication required", ErrorKind.Unauthorized)]
    [InlineData(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", "toomanyrequests: You have reached your pull rate limit.", ErrorKind.Internal)]
    [InlineData(400, "HOUSE_RULE", "not on\\nSundays", "unknown: not on Sundays", ErrorKind.InvalidArgument)]
    [InlineData(404, "MANIFEST_UNKNOWN", "", "manifest for {0}:v1 not found: manifest unknown: manifest unknown", ErrorKind.NotFound)]
    public async Task Refusals_are_told_in_Dockers_words(int status, string code, string message, string expected, ErrorKind kind)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Refusal(status, code, message));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal(string.Format(expected, fixture.Name.FamiliarName), error.Message);
        Assert.Equal(kind, error.Kind);
        Assert.Single(fixture.Server.Requests);
    }

    [Fact]
    public async Task A_refusal_without_a_body_is_told_all_the_same()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(404, "404 page not found\n", "Content-Type: text/plain"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal($"manifest for {fixture.Name.FamiliarName}:v1 not found: unknown: 404 page not found", error.Message);
    }

    [Fact]
    public async Task An_endless_refusal_is_cut()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(400, new string('x', 3_000_000), "Content-Type: text/plain"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.InRange(error.Message.Length, 100, 3000);
    }

    [Fact]
    public async Task Failures_that_may_pass_are_tried_again()
    {
        var replies = new Queue<Reply>([Reply.Of(503), Reply.Of(200, Document) with { CutAfter = 10 }, Reply.Of(200, Document)]);
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : replies.Dequeue());
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal(3, fixture.Server.Requests.Count);
    }

    [Fact]
    public async Task A_broken_registry_is_told_after_three_tries()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Of(500));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.StartsWith("received unexpected HTTP status: 500 ", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, fixture.Server.Requests.Count);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("Thu, 01 Jan 2026 00:00:30 GMT", 30)]
    public async Task A_rate_limit_is_waited_for_as_long_as_it_says(string header, int seconds)
    {
        var replies = new Queue<Reply>([Reply.Refusal(429, "TOOMANYREQUESTS", "slow", $"Retry-After: {header}"), Reply.Of(200, Document)]);
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : replies.Dequeue());
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal([TimeSpan.FromSeconds(seconds)], fixture.Time.Waits);
    }

    [Fact]
    public async Task A_rate_limit_of_hours_is_told_at_once()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Refusal(429, "TOOMANYREQUESTS", "slow", "Retry-After: 7200"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal("toomanyrequests: slow", error.Message);
        Assert.Single(fixture.Server.Requests);
    }

    [Fact]
    public async Task A_tag_is_looked_up()
    {
        await using var fixture = new RegistryFixture(request => request.Path.EndsWith("/v1", StringComparison.Ordinal)
            ? Reply.Of(200, Document, $"Content-Type: {MediaTypes.OciManifest}", $"Docker-Content-Digest: {DocumentDigest}")
            : Reply.Of(404));
        var found = await fixture.Open().HeadManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal(new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = DocumentDigest.ToString(), Size = Document.Length }, found);
        Assert.Null(await fixture.Open().HeadManifestAsync("v2", RegistryFixture.Token));
        Assert.All(fixture.Server.Requests, request => Assert.Equal("HEAD", request.Method));
    }

    [Fact]
    public async Task A_registry_without_heads_or_digests_is_asked_for_the_whole()
    {
        await using var fixture = new RegistryFixture(request => request.Method == "HEAD" ? Reply.Of(405) : Reply.Of(200, Document));
        Assert.Equal(DocumentDigest.ToString(), (await fixture.Open().HeadManifestAsync("v1", RegistryFixture.Token))!.Digest);
    }

    [Fact]
    public async Task One_is_put()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(201, "", $"Docker-Content-Digest: {DocumentDigest}"));
        var digest = await fixture.Open(RepositoryAccess.PullAndPush).PutManifestAsync("v1", MediaTypes.OciManifest, Encoding.UTF8.GetBytes(Document), RegistryFixture.Token);
        Assert.Equal(DocumentDigest, digest);
        var request = Assert.Single(fixture.Server.Requests);
        Assert.Equal("PUT /v2/team/app/manifests/v1", request.ToString());
        Assert.Equal(MediaTypes.OciManifest, request["Content-Type"]);
        Assert.Equal(Document, request.Text);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_referrer_is_listed_by_tag_where_the_registry_does_not_list_it(bool lists, int puts)
    {
        var subject = Digest.Of([1]);
        var document = $$$"""{"schemaVersion":2,"mediaType":"{{{MediaTypes.OciManifest}}}","artifactType":"type/x","config":{"digest":"{{{subject}}}","size":1},"layers":[],"subject":{"digest":"{{{subject}}}","size":1},"annotations":{"a":"b"}}""";
        var old = $$$"""{"schemaVersion":2,"mediaType":"{{{MediaTypes.OciIndex}}}","manifests":[{"digest":"{{{subject}}}","size":1}]}""";
        await using var fixture = new RegistryFixture(request => request.Method == "PUT"
            ? Reply.Of(201, "", lists ? [$"OCI-Subject: {subject}"] : [])
            : Reply.Of(200, old, $"Content-Type: {MediaTypes.OciIndex}"));
        await fixture.Open(RepositoryAccess.PullAndPush).PutManifestAsync("v1", MediaTypes.OciManifest, Encoding.UTF8.GetBytes(document), RegistryFixture.Token);
        Assert.Equal(puts, fixture.Server.Requests.Count(request => request.Method == "PUT"));
        if (lists) return;
        var put = fixture.Server.Requests[^1];
        Assert.Equal($"/v2/team/app/manifests/sha256-{subject.Hex}", put.Target);
        var list = System.Text.Json.JsonSerializer.Deserialize(put.Body, ImageJson.Default.OciIndex)!.Manifests;
        Assert.Equal([subject.ToString(), Digest.Of(Encoding.UTF8.GetBytes(document)).ToString()], list.Select(entry => entry.Digest));
        Assert.Equal("type/x", list[1].ArtifactType);
        Assert.Equal("b", list[1].Annotations!["a"]);
    }

    [Fact]
    public async Task A_registry_that_stores_something_else_is_caught()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(201, "", $"Docker-Content-Digest: {Digest.Of([1])}"));
        await Assert.ThrowsAsync<RegistryException>(() =>
            fixture.Open(RepositoryAccess.PullAndPush).PutManifestAsync("v1", MediaTypes.OciManifest, Encoding.UTF8.GetBytes(Document), RegistryFixture.Token));
    }

    [Fact]
    public async Task A_push_that_is_denied_is_told_without_words_of_pulls()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Refusal(403, "DENIED", "requested access to the resource is denied"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(default, null, RegistryFixture.Token));
        Assert.Equal("denied: requested access to the resource is denied", error.Message);
        Assert.Equal(ErrorKind.Forbidden, error.Kind);
    }

    [Theory]
    [InlineData("../../secret")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task What_is_no_tag_never_becomes_an_address(string tag)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, Document));
        await Assert.ThrowsAsync<TareException>(() => fixture.Open().GetManifestAsync(tag, RegistryFixture.Token));
        Assert.Empty(fixture.Server.Requests);
    }
}
