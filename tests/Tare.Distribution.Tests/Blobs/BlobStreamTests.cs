using System.Security.Cryptography;
using Tare.Distribution.Tests.Harness;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Tests.Blobs;

/// <summary>Reading blobs from registries that cut, lie, drip and fall silent.</summary>
public sealed class BlobStreamTests
{
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(1000);
    private static readonly OciDescriptor Blob = Describe(Content);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_blob_is_read(bool synchronously)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Bytes(Content));
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob, synchronously));
        var request = Assert.Single(fixture.Server.Requests);
        Assert.Equal($"GET /v2/team/app/blobs/{Blob.Digest}", request.ToString());
        Assert.Null(request["Range"]);
        Assert.Equal("identity", request["Accept-Encoding"]);
    }

    [Fact]
    public async Task An_empty_blob_is_read()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Bytes([]));
        Assert.Empty(await ReadAsync(fixture.Open(), Describe([])));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(7, false)]
    [InlineData(7, true)]
    [InlineData(333, false)]
    [InlineData(999, true)]
    public async Task A_cut_after_every_few_bytes_is_healed_with_ranges(int every, bool synchronously)
    {
        await using var fixture = new RegistryFixture(request => Serve(request) with { CutAfter = every });
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob, synchronously));
        Assert.Equal(Enumerable.Range(0, (Content.Length + every - 1) / every).Select(i => i == 0 ? null : $"bytes={i * every}-"), fixture.Server.Requests.Select(request => request["Range"]));
        Assert.Empty(fixture.Time.Waits); // whoever makes progress is not kept waiting
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_registry_without_ranges_is_read_past_what_is_known(bool synchronously)
    {
        var cuts = new Queue<int>([100, 900, 950]);
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" || !cuts.TryDequeue(out var cut)
            ? Reply.Bytes(Content)
            : Reply.Bytes(Content) with { CutAfter = cut });
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob, synchronously));
        Assert.Equal(4, fixture.Server.Requests.Count);
    }

    [Fact]
    public async Task A_body_in_chunks_that_is_cut_is_healed()
    {
        await using var fixture = new RegistryFixture(request => request["Range"] is null
            ? Reply.Bytes(Content) with { IsChunked = true, CutAfter = 400 }
            : Serve(request));
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob));
    }

    [Fact]
    public async Task A_body_without_a_length_that_ends_early_is_a_cut()
    {
        await using var fixture = new RegistryFixture(request => request["Range"] is null
            ? Reply.Bytes(Content[..400]) with { IsChunked = true }
            : Serve(request));
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob));
    }

    [Fact]
    public async Task Ranges_that_are_given_in_parts_are_put_together()
    {
        await using var fixture = new RegistryFixture(request => Serve(request, most: request["Range"] is null ? Content.Length : 100) with { CutAfter = request["Range"] is null ? 50 : null });
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob));
    }

    [Theory]
    [InlineData(500, "")]
    [InlineData(502, "")]
    [InlineData(503, "Retry-After: 3")]
    [InlineData(429, "Retry-After: 3")]
    [InlineData(429, "")]
    public async Task Failures_that_may_pass_are_tried_again(int status, string header)
    {
        var failures = 3;
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" || failures-- <= 0
            ? Serve(request)
            : Reply.Of(status, "", header.Length == 0 ? [] : [header]));
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob));
        Assert.Equal(
            header.Length == 0 ? [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)] : Enumerable.Repeat(TimeSpan.FromSeconds(3), 3),
            fixture.Time.Waits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Five_failures_in_a_row_are_enough(bool synchronously)
    {
        await using var fixture = new RegistryFixture(request => request["Range"] is null ? Serve(request) with { CutAfter = 600 } : Reply.Of(500));
        var error = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(fixture.Open(), Blob, synchronously));
        Assert.StartsWith($"cannot read {Blob.Digest} of {fixture.Name.FamiliarName}, byte 600 of 1000: received unexpected HTTP status: 500 ", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, fixture.Server.Requests.Count); // the cut and four refusals
    }

    [Fact]
    public async Task A_cut_before_every_byte_is_given_up()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Serve(request) with { CutAfter = -1 });
        var error = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(fixture.Open(), Blob));
        Assert.Contains("(tried 5 times)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1001)]
    public async Task Another_length_is_refused_at_once(int length)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Bytes(new byte[length]));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token));
        Assert.Equal($"{fixture.Server.Host} sends {length} bytes for {Blob.Digest} of {fixture.Name.FamiliarName}, which has 1000", error.Message);
        Assert.Single(fixture.Server.Requests);
    }

    [Theory]
    [InlineData("bytes 0-999/1000")]
    [InlineData("bytes 101-999/1000")]
    [InlineData("bytes 100-999/1001")]
    [InlineData("bytes 100-1000/*")]
    [InlineData("nothing")]
    public async Task Another_range_is_refused_at_once(string range)
    {
        await using var fixture = new RegistryFixture(request => request["Range"] is null
            ? Serve(request) with { CutAfter = 100 }
            : new Reply(206, Content[100..]) { Headers = [$"Content-Range: {range}"] });
        var error = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(fixture.Open(), Blob));
        Assert.Contains("has sent another range", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, fixture.Server.Requests.Count);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task More_bytes_than_there_may_be_are_refused(bool chunked, bool synchronously)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Bytes([.. Content, 1]) with { IsChunked = chunked, ContentLength = chunked ? null : -1 });
        var error = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(fixture.Open(), Blob, synchronously));
        Assert.Contains("sends more than the 1000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encoding_that_was_not_asked_for_is_refused()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Bytes(Content, "Content-Encoding: gzip"));
        await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token));
    }

    [Fact]
    public async Task What_is_not_there_is_told_at_once()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Refusal(404, "BLOB_UNKNOWN", "blob unknown to registry"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token));
        Assert.Equal(ErrorKind.NotFound, error.Kind);
        Assert.Equal("BLOB_UNKNOWN", error.Code);
        Assert.Single(fixture.Server.Requests);
    }

    [Fact]
    public async Task A_token_that_ends_in_the_middle_is_renewed()
    {
        var tokens = 0;
        await using var fixture = new RegistryFixture(request => request.Path == "/token"
            ? Reply.Json(200, $$"""{"token":"t{{++tokens}}"}""")
            : request["Authorization"] == (request["Range"] is null ? "Bearer t1" : "Bearer t2")
                ? Serve(request) with { CutAfter = request["Range"] is null ? 500 : null }
                : Reply.Of(401, "", $"WWW-Authenticate: Bearer realm=\"http://{request["Host"]}/token\""));
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob));
        Assert.Equal(2, tokens);
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_followed_without_credentials()
    {
        await using var storage = new ScriptedServer(request => Serve(request) with { CutAfter = request["Range"] is null ? 300 : null });
        var stored = $"http://{storage.Host}/bucket/x?signature=a%2Fb";
        await using var fixture = new RegistryFixture(request => request["Authorization"] is null
            ? Reply.Of(401, "", "WWW-Authenticate: Basic realm=r")
            : Reply.Of(307, "", $"Location: {stored}"));
        Assert.Equal(Content, await ReadAsync(fixture.Open(credentials: new Credentials("u", "p")), Blob));
        Assert.Equal(2, storage.Requests.Count);
        Assert.All(storage.Requests, request => Assert.Null(request["Authorization"]));
        Assert.All(storage.Requests, request => Assert.Equal("/bucket/x?signature=a%2Fb", request.Target));
    }

    [Fact]
    public async Task A_storage_whose_address_has_expired_is_asked_for_at_the_registry_again()
    {
        var given = 0;
        await using var storage = new ScriptedServer(request => request.Target.EndsWith("=1", StringComparison.Ordinal) && request["Range"] is not null
            ? Reply.Of(403, "expired")
            : Serve(request) with { CutAfter = request["Range"] is null ? 300 : null });
        var place = storage.Host;
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Of(302, "", $"Location: http://{place}/x?n={Math.Max(1, given++)}"));
        Assert.Equal(Content, await ReadAsync(fixture.Open(), Blob));
    }

    [Fact]
    public async Task A_challenge_of_another_host_is_not_answered()
    {
        await using var storage = new ScriptedServer(_ => Reply.Of(401, "", "WWW-Authenticate: Basic realm=r"));
        var place = storage.Host;
        await using var fixture = new RegistryFixture(_ => Reply.Of(302, "", $"Location: http://{place}/x"));
        await Assert.ThrowsAsync<RegistryException>(() => fixture.Open(credentials: new Credentials("u", "p")).OpenBlobAsync(Blob, RegistryFixture.Token));
        Assert.All(storage.Requests, request => Assert.Null(request["Authorization"]));
    }

    [Fact]
    public async Task Endless_redirects_are_refused()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Of(302, "", $"Location: {request.Path}"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token));
        Assert.Contains("redirects endlessly", error.Message, StringComparison.Ordinal);
        Assert.Equal(11, fixture.Server.Requests.Count);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://host/x")]
    [InlineData("http://")]
    public async Task A_redirect_to_no_address_is_refused(string location)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(302, "", $"Location: {location}"));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token));
        Assert.Contains("names an address that is none", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_ends_a_connection_and_the_next_one_goes_on()
    {
        await using var fixture = new RegistryFixture(request => request["Range"] is null ? Serve(request) with { SilentAfter = 250 } : Serve(request));
        await using var stream = await fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token);
        var read = new byte[1000];
        await stream.ReadExactlyAsync(read.AsMemory(0, 250));
        var waiting = stream.ReadExactlyAsync(read.AsMemory(250)).AsTask();
        await WaitForLimitAsync(fixture.Time, waiting);
        fixture.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(waiting.IsCompleted);
        fixture.Time.Advance(TimeSpan.FromSeconds(2));
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(Content, read);
    }

    [Fact]
    public async Task Silence_before_an_answer_is_told()
    {
        await using var fixture = new RegistryFixture(request => request.Target == "/v2/" ? Reply.Of(200) : Reply.Of(200) with { SilentAfter = -1 });
        var opening = fixture.Open().OpenBlobAsync(Blob, RegistryFixture.Token);
        for (var i = 0; i < 5; i++)
        {
            while ((await fixture.Server.ArrivalAsync()).Target == "/v2/")
            {
            }

            await WaitForLimitAsync(fixture.Time, opening);
            fixture.Time.Advance(TimeSpan.FromSeconds(61));
        }

        var error = await Assert.ThrowsAsync<RegistryException>(() => opening.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains($"{fixture.Server.Host} has sent nothing for 60 seconds", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_drip_is_not_cut()
    {
        using var gate = new SemaphoreSlim(0);
        var small = Content[..20];
        await using var fixture = new RegistryFixture(request =>
            request.Target == "/v2/" ? Reply.Of(200) : Reply.Bytes(small) with { Drip = () => gate.WaitAsync(TimeSpan.FromSeconds(30)) });
        var time = fixture.Time;
        await using var stream = await fixture.Open().OpenBlobAsync(Describe(small), RegistryFixture.Token);
        var one = new byte[1];
        for (var i = 0; i < small.Length; i++)
        {
            var reading = stream.ReadAsync(one).AsTask();
            await WaitForLimitAsync(time, reading);
            time.Advance(TimeSpan.FromSeconds(50)); // a byte in 50 seconds
            gate.Release();
            Assert.Equal(1, await reading.WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.Equal(small[i], one[0]);
        }

        Assert.Single(fixture.Server.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelling_ends_a_read(bool synchronously)
    {
        using var cancel = new CancellationTokenSource();
        await using var fixture = new RegistryFixture(request => Serve(request) with { SilentAfter = 250 });
        await using var stream = await fixture.Open().OpenBlobAsync(Blob, cancel.Token);
        await stream.ReadExactlyAsync(new byte[250]);
        var reading = synchronously
            ? Task.Run(() => stream.Read(new byte[100].AsSpan()))
            : stream.ReadAsync(new byte[100].AsMemory(), cancel.Token).AsTask();
        cancel.CancelAfter(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_digest_that_is_none_never_becomes_an_address()
    {
        await using var fixture = new RegistryFixture(Serve);
        await Assert.ThrowsAsync<TareException>(() => fixture.Open().OpenBlobAsync(Blob with { Digest = "sha256:../../x" }, RegistryFixture.Token));
        Assert.Empty(fixture.Server.Requests);
    }

    [Fact]
    public async Task A_blob_is_looked_up()
    {
        await using var fixture = new RegistryFixture(request => request.Path.EndsWith(Blob.Digest, StringComparison.Ordinal) ? Reply.Bytes(Content) : Reply.Of(404));
        Assert.Equal(1000, await fixture.Open().HeadBlobAsync(Digest.Parse(Blob.Digest), RegistryFixture.Token));
        Assert.Null(await fixture.Open().HeadBlobAsync(Digest.Of([1]), RegistryFixture.Token));
    }

    internal static OciDescriptor Describe(byte[] content) => new() { Digest = Digest.Of(content).ToString(), Size = content.Length };

    private static Reply Serve(ReceivedRequest request) => Serve(request, Content.Length);

    private static Reply Serve(ReceivedRequest request, int most)
    {
        if (request["Range"] is not { } range) return Reply.Bytes(Content);
        var from = int.Parse(range["bytes=".Length..^1]);
        var end = Math.Min(Content.Length, from + most);
        return new Reply(206, Content[from..end]) { Headers = [$"Content-Range: bytes {from}-{end - 1}/{Content.Length}"] };
    }

    private static async Task<byte[]> ReadAsync(RepositoryClient repository, OciDescriptor blob, bool synchronously = false)
    {
        await using var stream = await repository.OpenBlobAsync(blob, RegistryFixture.Token);
        var all = new MemoryStream();
        if (!synchronously)
        {
            await stream.CopyToAsync(all);
            return all.ToArray();
        }

        return await Task.Run(() =>
        {
            var buffer = new byte[64];
            while (stream.Read(buffer.AsSpan()) is var count and > 0) all.Write(buffer, 0, count);
            return all.ToArray();
        });
    }

    // A read is under way when its time limit runs.
    private static async Task WaitForLimitAsync(ManualTime time, Task reading)
    {
        var patience = DateTime.UtcNow.AddSeconds(30);
        while (time.Limits == 0 && !reading.IsCompleted)
        {
            Assert.True(DateTime.UtcNow < patience, "no time limit is running");
            await Task.Yield();
        }
    }
}
