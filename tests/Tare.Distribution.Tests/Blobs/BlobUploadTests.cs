using System.Security.Cryptography;
using Tare.Distribution.Tests.Harness;
using Tare.Oci;

namespace Tare.Distribution.Tests.Blobs;

public sealed class BlobUploadTests
{
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(1000);
    private static readonly Digest ContentDigest = Digest.Of(Content);

    [Fact]
    public async Task Chunks_that_are_too_large_to_be_held_are_refused()
    {
        var registry = new UploadRegistry { BeginHeaders = ["OCI-Chunk-Min-Length: 2000000000"] };
        await using var fixture = new RegistryFixture(registry.Serve);
        var error = await Assert.ThrowsAsync<RegistryException>(() => BeginAsync(fixture));
        Assert.Contains("wants chunks of at least 2000000000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_blob_is_sent_in_chunks()
    {
        var registry = new UploadRegistry { BeginHeaders = ["OCI-Chunk-Min-Length: 100"] };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using (var upload = await BeginAsync(fixture))
        {
            Assert.Equal(100, upload.MinimumChunkLength);
            await upload.AppendAsync(Content.AsMemory(0, 400), RegistryFixture.Token);
            Assert.Equal(400, upload.Length);
            await upload.AppendAsync(Content.AsMemory(400, 600), RegistryFixture.Token);
            await upload.FinishAsync(ContentDigest, RegistryFixture.Token);
        }

        Assert.Equal(Content, registry.Received);
        Assert.Equal(ContentDigest.ToString(), registry.Digest);
        Assert.False(registry.IsDeleted);
        Assert.Equal(
            [
                "POST /v2/team/app/blobs/uploads/",
                "PATCH /v2/team/app/blobs/uploads/u1?state=0",
                "PATCH /v2/team/app/blobs/uploads/u1?state=400",
                $"PUT /v2/team/app/blobs/uploads/u1?state=1000&digest=sha256%3A{ContentDigest.Hex}",
            ],
            fixture.Server.Requests.Select(request => request.ToString()));
        Assert.Equal([null, "0-399", "400-999", null], fixture.Server.Requests.Select(request => request["Content-Range"]));
        Assert.All(fixture.Server.Requests.Where(request => request.Method == "PATCH"), request => Assert.Equal("application/octet-stream", request["Content-Type"]));
    }

    [Fact]
    public async Task The_last_bytes_may_come_with_the_end()
    {
        var registry = new UploadRegistry();
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        await upload.FinishAsync(ContentDigest, Content, RegistryFixture.Token);
        Assert.Equal(Content, registry.Received);
        Assert.Equal(2, fixture.Server.Requests.Count);
    }

    [Fact]
    public async Task A_blob_is_taken_over_from_another_repository()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Of(201));
        Assert.Null(await fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(ContentDigest, "team/base", RegistryFixture.Token));
        var request = Assert.Single(fixture.Server.Requests);
        Assert.Equal(ContentDigest.ToString(), request.Query("mount"));
        Assert.Equal("team/base", request.Query("from"));
    }

    [Fact]
    public async Task A_registry_that_takes_nothing_over_begins_an_upload()
    {
        await using var fixture = new RegistryFixture(new UploadRegistry().Serve);
        await using var upload = await fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(ContentDigest, "team/base", RegistryFixture.Token);
        Assert.NotNull(upload);
    }

    [Fact]
    public async Task An_upload_without_an_end_is_taken_back()
    {
        var registry = new UploadRegistry();
        await using var fixture = new RegistryFixture(registry.Serve);
        await using (var upload = await BeginAsync(fixture)) await upload.AppendAsync(Content, RegistryFixture.Token);
        Assert.True(registry.IsDeleted);
        Assert.Null(registry.Digest);
    }

    [Fact]
    public async Task Taking_back_is_not_waited_for_longer_than_some_seconds()
    {
        var registry = new UploadRegistry { Before = request => request.Method == "DELETE" ? Reply.Of(200) with { SilentAfter = -1 } : null };
        await using var fixture = new RegistryFixture(registry.Serve);
        var upload = await BeginAsync(fixture);
        await PostAsync(fixture);
        var disposing = upload.DisposeAsync().AsTask();
        await fixture.Server.ArrivalAsync();
        fixture.Time.Advance(TimeSpan.FromSeconds(6));
        await disposing.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task An_upload_that_begins_after_the_caller_has_gone_is_taken_back()
    {
        using var gone = new CancellationTokenSource();
        using var mayAnswer = new SemaphoreSlim(0);
        var registry = new UploadRegistry();
        await using var fixture = new RegistryFixture(request =>
        {
            if (request.Method == "POST") mayAnswer.Wait(RegistryFixture.Token);
            return registry.Serve(request);
        });
        var beginning = fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(default, null, gone.Token);
        await PostAsync(fixture);
        await gone.CancelAsync();
        mayAnswer.Release();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => beginning);
        Assert.True(registry.IsDeleted);
    }

    [Fact]
    public async Task A_beginning_that_nobody_wants_is_not_waited_for_longer_than_some_seconds()
    {
        using var gone = new CancellationTokenSource();
        await using var fixture = new RegistryFixture(request => request.Method == "POST" ? Reply.Of(200) with { SilentAfter = -1 } : Reply.Of(200));
        var beginning = fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(default, null, gone.Token);
        await PostAsync(fixture);
        await gone.CancelAsync();
        Assert.False(beginning.IsCompleted);
        fixture.Time.Advance(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => beginning.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(250)]
    [InlineData(599)]
    public async Task A_cut_in_the_middle_of_a_chunk_is_gone_on_from(int arrived)
    {
        var done = false;
        UploadRegistry registry = null!;
        registry = new UploadRegistry
        {
            Before = request =>
            {
                if (done || request["Content-Range"] != "400-999") return null;
                done = true;
                registry.Keep(request.Body.AsSpan(0, arrived));
                return Reply.Of(202) with { CutAfter = -1 };
            },
        };
        var server = new ScriptedServer(registry.Serve);
        await using var fixture = new RegistryFixture(server);
        await using var upload = await BeginAsync(fixture);
        await upload.AppendAsync(Content.AsMemory(0, 400), RegistryFixture.Token);
        await upload.AppendAsync(Content.AsMemory(400), RegistryFixture.Token);
        await upload.FinishAsync(ContentDigest, RegistryFixture.Token);
        Assert.Equal(Content, registry.Received);
        Assert.Contains(server.Requests, request => request.Method == "GET");
        Assert.Contains(server.Requests, request => request["Content-Range"] == $"{400 + arrived}-999");
    }

    [Fact]
    public async Task A_chunk_whose_answer_is_lost_is_not_sent_twice()
    {
        var cut = true;
        var registry = new UploadRegistry
        {
            After = request =>
            {
                if (!cut || request.Method != "PATCH") return null;
                cut = false;
                return Reply.Of(202) with { CutAfter = -1 };
            },
        };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        await upload.AppendAsync(Content, RegistryFixture.Token);
        Assert.Equal(Content, registry.Received);
        Assert.Single(fixture.Server.Requests, request => request.Method == "PATCH");
    }

    [Fact]
    public async Task A_connection_that_is_cut_while_bytes_are_sent_is_healed()
    {
        var cuts = 2;
        var registry = new UploadRegistry();
        var server = new ScriptedServer(registry.Serve) { CutRequests = request => request.Method == "PATCH" && cuts-- > 0 ? 100 : null };
        await using var fixture = new RegistryFixture(server);
        await using var upload = await BeginAsync(fixture);
        await upload.AppendAsync(Content, RegistryFixture.Token);
        await upload.FinishAsync(ContentDigest, RegistryFixture.Token);
        Assert.Equal(ContentDigest.ToString(), registry.Digest);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_registry_that_fails_for_a_while_is_asked_again(int status)
    {
        var failures = 3;
        var registry = new UploadRegistry { Before = request => request.Method == "PATCH" && failures-- > 0 ? Reply.Of(status) : null };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        await upload.AppendAsync(Content, RegistryFixture.Token);
        Assert.Equal(Content, registry.Received);
        Assert.Equal([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)], fixture.Time.Waits);
    }

    [Fact]
    public async Task Five_failures_in_a_row_are_enough()
    {
        var registry = new UploadRegistry { Before = request => request.Method == "PATCH" ? Reply.Of(500) : null };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        var error = await Assert.ThrowsAsync<RegistryException>(() => upload.AppendAsync(Content, RegistryFixture.Token));
        Assert.StartsWith($"cannot upload to {fixture.Name.FamiliarName}: received unexpected HTTP status: 500 ", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, fixture.Server.Requests.Count(request => request.Method == "PATCH"));
    }

    [Fact]
    public async Task A_chunk_that_does_not_fit_is_cut_to_what_is_missing()
    {
        var registry = new UploadRegistry();
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        registry.Keep(Content.AsSpan(0, 300)); // it has more than it has said
        await upload.AppendAsync(Content, RegistryFixture.Token);
        Assert.Equal(Content, registry.Received);
    }

    [Fact]
    public async Task A_registry_that_has_lost_the_upload_is_told_apart()
    {
        var registry = new UploadRegistry
        {
            Before = request => request.Method switch
            {
                "PATCH" => Reply.Of(200) with { CutAfter = -1 },
                "GET" => Reply.Refusal(400, "BLOB_UPLOAD_INVALID", "blob upload invalid"),
                _ => null,
            },
        };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        var error = await Assert.ThrowsAsync<RegistryException>(() => upload.AppendAsync(Content, RegistryFixture.Token));
        Assert.True(error.IsUploadLost);
    }

    [Fact]
    public async Task A_registry_that_says_more_than_it_was_sent_is_caught()
    {
        var registry = new UploadRegistry { After = request => request.Method == "PATCH" ? Reply.Of(202, "", "Range: 0-5000") : null };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        await Assert.ThrowsAsync<RegistryException>(() => upload.AppendAsync(Content, RegistryFixture.Token));
    }

    [Fact]
    public async Task An_end_whose_answer_is_lost_is_an_end()
    {
        var registry = new UploadRegistry { After = request => request.Method == "PUT" ? Reply.Of(201) with { CutAfter = -1 } : null };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        await upload.AppendAsync(Content, RegistryFixture.Token);
        await upload.FinishAsync(ContentDigest, RegistryFixture.Token);
        Assert.Single(fixture.Server.Requests, request => request.Method == "PUT");
        Assert.Single(fixture.Server.Requests, request => request.Method == "HEAD");
    }

    [Fact]
    public async Task A_wrong_digest_is_told()
    {
        var registry = new UploadRegistry { Before = request => request.Method == "PUT" ? Reply.Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content") : null };
        await using var fixture = new RegistryFixture(registry.Serve);
        await using var upload = await BeginAsync(fixture);
        var error = await Assert.ThrowsAsync<RegistryException>(() => upload.FinishAsync(ContentDigest, RegistryFixture.Token));
        Assert.Equal("digest invalid: provided digest did not match uploaded content", error.Message);
    }

    [Fact]
    public async Task An_upload_that_moves_to_another_host_goes_without_credentials()
    {
        var registry = new UploadRegistry();
        await using var storage = new ScriptedServer(registry.Serve);
        var place = storage.Host;
        await using var fixture = new RegistryFixture(request => request["Authorization"] is null
            ? Reply.Of(401, "", "WWW-Authenticate: Basic realm=r")
            : Reply.Of(202, "", $"Location: http://{place}/v2/team/app/blobs/uploads/u1?state=0"));
        await using var upload = await fixture.Open(RepositoryAccess.PullAndPush, new Credentials("u", "p")).BeginUploadAsync(default, null, RegistryFixture.Token);
        await upload!.AppendAsync(Content, RegistryFixture.Token);
        await upload.FinishAsync(ContentDigest, RegistryFixture.Token);
        Assert.Equal(2, storage.Requests.Count);
        Assert.All(storage.Requests, request => Assert.Null(request["Authorization"]));
        Assert.Equal(Content, registry.Received);
    }

    [Fact]
    public async Task A_registry_that_does_not_say_where_is_refused()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Of(202));
        await Assert.ThrowsAsync<RegistryException>(() => BeginAsync(fixture));
    }

    private static async Task<BlobUpload> BeginAsync(RegistryFixture fixture) =>
        (await fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(default, null, RegistryFixture.Token))!;

    // Waits until the registry has the request for an upload.
    private static async Task PostAsync(RegistryFixture fixture)
    {
        while ((await fixture.Server.ArrivalAsync()).Method != "POST")
        {
        }
    }
}
