using System.Text;
using Tare.Distribution.Tests.Harness;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Tests.Endpoints;

/// <summary>Mirrors are asked first, and whatever is wrong with them does not matter.</summary>
public sealed class MirrorTests
{
    private const string Document = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}""";
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("the content of a blob");
    private static readonly OciDescriptor Blob = new() { Digest = Digest.Of(Content).ToString(), Size = Content.Length };

    [Fact]
    public async Task A_mirror_that_has_it_is_enough()
    {
        await using var mirror = new ScriptedServer(_ => Reply.Of(200, Document));
        await using var fixture = Make(_ => Reply.Of(500), $"http://{mirror.Host}/cache/");
        var repository = fixture.Open();
        await repository.GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal($"/cache/v2/team/app/manifests/v1?ns={Uri.EscapeDataString(fixture.Server.Host)}", Assert.Single(mirror.Requests).Target);
        Assert.Empty(fixture.Server.Requests);
        Assert.Equal(mirror.Host, repository.RegistryHost);
    }

    [Theory]
    [InlineData(404, "")]
    [InlineData(500, "")]
    [InlineData(401, "WWW-Authenticate: Basic realm=r")]
    [InlineData(403, "")]
    [InlineData(429, "Retry-After: 30")]
    public async Task A_mirror_that_refuses_is_passed_over(int status, string header)
    {
        await using var first = new ScriptedServer(_ => Reply.Of(status, "", header.Length == 0 ? [] : [header]));
        await using var second = new ScriptedServer(_ => Reply.Of(200, "not a manifest"));
        await using var fixture = Make(request => Serve(request), $"http://{first.Host}", $"http://{second.Host}");
        var repository = fixture.Open(credentials: new Credentials("user", "secret"));
        await repository.GetManifestAsync("v1", RegistryFixture.Token);
        Assert.NotEmpty(first.Requests);
        Assert.Single(second.Requests);
        Assert.Single(fixture.Server.Requests);
        Assert.Equal(fixture.Server.Host, repository.RegistryHost);
        Assert.All(first.Requests, request => Assert.Null(request["Authorization"])); // the registry's secrets are not the mirror's
        Assert.Empty(fixture.Time.Waits);
    }

    [Fact]
    public async Task A_mirror_where_nobody_is_at_home_is_passed_over()
    {
        await using var fixture = Make(Serve, "http://127.0.0.1:1", "https://127.0.0.1:1");
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
    }

    [Fact]
    public async Task A_mirror_that_breaks_in_the_middle_of_a_blob_is_left()
    {
        await using var mirror = new ScriptedServer(request => request["Range"] is null ? Reply.Bytes(Content) with { CutAfter = 5 } : Reply.Of(500));
        await using var fixture = Make(Serve, $"http://{mirror.Host}");
        await using var stream = await fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token);
        var all = new MemoryStream();
        await stream.CopyToAsync(all);
        Assert.Equal(Content, all.ToArray());
        Assert.Equal("bytes=5-", Assert.Single(fixture.Server.Requests)["Range"]);
    }

    [Fact]
    public async Task A_mirror_with_a_blob_of_another_length_is_left()
    {
        await using var mirror = new ScriptedServer(_ => Reply.Bytes([1, 2, 3]));
        await using var fixture = Make(Serve, $"http://{mirror.Host}");
        await using var stream = await fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token);
        Assert.Single(fixture.Server.Requests);
    }

    [Fact]
    public async Task Blobs_and_tags_that_a_mirror_has_not_are_looked_up_at_the_registry()
    {
        await using var mirror = new ScriptedServer(_ => Reply.Of(404));
        await using var fixture = Make(Serve, $"http://{mirror.Host}");
        Assert.Equal(Content.Length, await fixture.Open().HeadBlobAsync(Digest.Parse(Blob.Digest), RegistryFixture.Token));
        Assert.NotNull(await fixture.Open().HeadManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal(2, mirror.Requests.Count(request => request.Method == "HEAD"));
    }

    [Fact]
    public async Task Pushes_know_no_mirrors()
    {
        await using var mirror = new ScriptedServer(_ => Reply.Of(200, Document));
        await using var fixture = Make(Serve, $"http://{mirror.Host}");
        await fixture.Open(RepositoryAccess.PullAndPush).GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Empty(mirror.Requests);
    }

    [Fact]
    public async Task The_last_word_is_the_registrys()
    {
        await using var mirror = new ScriptedServer(_ => Reply.Of(500));
        await using var fixture = Make(_ => Reply.Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown"), $"http://{mirror.Host}");
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal($"manifest for {fixture.Name.FamiliarName}:v1 not found: manifest unknown: manifest unknown", error.Message);
    }

    private static Reply Serve(ReceivedRequest request)
    {
        if (request.Path.Contains("/manifests/", StringComparison.Ordinal)) return Reply.Of(200, Document, $"Content-Type: {MediaTypes.OciManifest}", $"Docker-Content-Digest: {Digest.Of(Encoding.UTF8.GetBytes(Document))}");
        if (request["Range"] is not { } range) return Reply.Bytes(Content);
        var from = int.Parse(range["bytes=".Length..^1]);
        return new Reply(206, Content[from..]) { Headers = [$"Content-Range: bytes {from}-{Content.Length - 1}/{Content.Length}"] };
    }

    private static RegistryFixture Make(Func<ReceivedRequest, Reply> answer, params string[] mirrors)
    {
        var server = new ScriptedServer(answer);
        return new RegistryFixture(server, new RegistryOptions
        {
            CertificateDirectories = [],
            Mirrors = new Dictionary<string, IReadOnlyList<string>> { [server.Host] = mirrors },
        });
    }
}
