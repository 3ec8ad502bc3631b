using System.Text.RegularExpressions;
using Tare.Distribution.Tests.Harness;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registries;

namespace Tare.EndToEnd;

/// <summary>Registries that fail while an image is pushed: what can be helped is helped, the rest is said, and neither side keeps a part.</summary>
[Collection("own daemon")]
public sealed class PushFaultTests(FaultFixture engine) : IClassFixture<FaultFixture>
{
    /// <summary>More than two chunks of what does not compress.</summary>
    private static readonly RegistryImage Image = RegistryImage.Make(9_000_000);

    [TareTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_that_is_cut_goes_on(bool keepsParts)
    {
        await using UploadedRegistry registry = new() { KeepsParts = keepsParts };
        int cuts = 0;
        registry.Cut = request => request.Method == "PATCH" && Interlocked.Increment(ref cuts) <= 3 ? 100_000 * cuts : null;
        await PushesAsync(registry);
        Assert.True(cuts > 3, $"{cuts} chunks were sent");
    }

    [TareTheory]
    [InlineData("PATCH", 500, "")]
    [InlineData("PATCH", 429, "Retry-After: 1")]
    [InlineData("PUT", 503, "")]
    [InlineData("HEAD", 502, "")]
    public async Task A_request_that_fails_once_is_made_again(string method, int status, string header)
    {
        await using UploadedRegistry registry = new();
        bool failed = false;
        registry.Fault = request =>
        {
            if (failed || request.Method != method)
                return null;
            failed = true;
            return Reply.Refusal(status, "UNKNOWN", "not now", header.Length == 0 ? [] : [header]);
        };
        await PushesAsync(registry);
        Assert.True(failed);
    }

    [TareFact]
    public async Task An_upload_that_the_registry_forgets_is_begun_anew()
    {
        await using UploadedRegistry registry = new();
        int chunks = 0;
        registry.Fault = request => request.Method == "PATCH" && ++chunks == 2 ? Reply.Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry") : null;
        await PushesAsync(registry);
        Assert.True(chunks > 3, $"{chunks} chunks were sent");
    }

    [TareFact]
    public async Task A_token_that_expires_in_the_middle_is_replaced()
    {
        await using UploadedRegistry registry = new();
        int tokens = 0;
        bool expired = false;
        registry.Fault = request =>
        {
            if (request.Path == "/token")
                return Reply.Json(200, $$"""{"token":"t{{++tokens}}"}""");
            expired |= request.Method == "PATCH" && request["Authorization"] == "Bearer t1";
            return request["Authorization"] is { } token && !(expired && token == "Bearer t1")
                ? null
                : Reply.Refusal(401, "UNAUTHORIZED", "authentication required", $"WWW-Authenticate: Bearer realm=\"http://{registry.Host}/token\",service=\"faulty\",scope=\"repository:faults/pushed:pull,push\"");
        };
        await PushesAsync(registry);
        Assert.True(expired);
    }

    public static TheoryData<string> Hopeless => [.. Faults.Keys];

    [TareTheory]
    [MemberData(nameof(Hopeless))]
    public async Task What_cannot_be_helped_is_said_and_leaves_nothing(string fault)
    {
        PushFault plan = Faults[fault];
        await using UploadedRegistry registry = new();
        int asked = 0;
        registry.Fault = request =>
        {
            Reply? reply = plan.Answer(request);
            if (reply is not null)
                asked++;
            return reply;
        };
        await WithImageAsync(registry, async () =>
        {
            await engine.UntouchedAsync(async () =>
            {
                foreach (string client in plan.Stock ? ["tare", "docker"] : new[] { "tare" })
                {
                    asked = 0;
                    Result push = (await engine.Run(client, "push", registry.Name)).Expect(1);
                    Assert.True(Regex.IsMatch(push.Err, plan.Words), $"{push}\nwas to say {plan.Words}");
                    if (plan.Requests > 0)
                        Assert.Equal(plan.Requests, asked);
                    Assert.False(registry.IsComplete);
                }
            });
            registry.Fault = _ => null;
            Assert.Equal(0, registry.Unfinished);
            (await engine.Run("tare", "push", registry.Name)).Ok();
        });
    }

    /// <summary>Pushes, and has the image come back from where it went.</summary>
    private Task PushesAsync(UploadedRegistry registry) => engine.UntouchedAsync(() => WithImageAsync(registry, async () => (await engine.Run("tare", "push", registry.Name)).Ok()));

    /// <summary>Has the image here under the registry's name; afterwards it is what the registry has.</summary>
    private async Task WithImageAsync(UploadedRegistry registry, Func<Task> work)
    {
        await using FaultyRegistry source = new(Image);
        (await engine.Run("tare", "pull", source.Name)).Ok();
        (await engine.Run("tare", "tag", source.Name, registry.Name)).Ok();
        (await engine.Run("tare", "rmi", source.Name)).Ok();
        await work();
        (await engine.Run("tare", "rmi", registry.Name)).Ok();
        registry.Fault = _ => null;
        (await engine.Run("tare", "pull", registry.Name)).Ok();
        Assert.Equal("whole", (await engine.Run("tare", "run", "--rm", "--network", "none", registry.Name, "echo", "whole")).Ok().Text);
        (await engine.Run("tare", "rmi", registry.Name)).Ok();
    }

    private sealed record PushFault(Func<ReceivedRequest, Reply?> Answer, string Words)
    {
        /// <summary>How often what fails is asked for; 0: whatever, for layers go in parallel.</summary>
        public int Requests { get; init; }

        public bool Stock { get; init; }
    }

    private static bool IsManifest(ReceivedRequest request) => request.Method == "PUT" && request.Path.Contains("/manifests/", StringComparison.Ordinal);

    private static Dictionary<string, PushFault> Faults => new()
    {
        ["one may not begin"] = new(request => request.Method == "POST" ? Reply.Refusal(403, "DENIED", "not here") : null, "denied: not here") { Stock = true },
        ["one may not go on"] = new(request => request.Method == "PATCH" ? Reply.Refusal(403, "DENIED", "not any more") : null, "denied: not any more") { Requests = 1, Stock = true },
        ["chunks fail always"] = new(request => request.Method == "PATCH" ? Reply.Of(500) : null, @"received unexpected HTTP status: 500 .*\(tried 5 times\)") { Requests = 5 },
        ["uploads are forgotten always"] = new(request => request.Method == "PATCH" ? Reply.Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry") : null, "blob upload unknown") { Requests = 3 },
        ["the end of an upload is refused"] = new(
            request => request.Method == "PUT" && !IsManifest(request) ? Reply.Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content") : null, "digest invalid: provided digest did not match"),
        ["the manifest is refused"] = new(request => IsManifest(request) ? Reply.Refusal(400, "MANIFEST_INVALID", "not this one") : null, "manifest invalid: not this one") { Requests = 1, Stock = true },
        ["the manifest is stored as another one"] = new(
            request => IsManifest(request) ? Reply.Of(201, "", $"Docker-Content-Digest: {RegistryImage.DigestOf("x"u8)}") : null, "has stored .* as sha256:.*, but it was sent"),
        ["the registry does not say where to"] = new(request => request.Method == "POST" ? Reply.Of(202) : null, "does not say where to upload to"),
        ["the registry wants chunks of 2 GB"] = new(
            request => request.Method == "POST" ? Reply.Of(202, "", "Location: /v2/faults/pushed/blobs/uploads/x", "OCI-Chunk-Min-Length: 2000000000") : null, "wants chunks of at least 2000000000 bytes"),
        ["more has arrived than was sent"] = new(
            request => request.Method == "PATCH" ? Reply.Of(202, "", "Location: /v2/faults/pushed/blobs/uploads/1", "Range: 0-99999999") : null, "says that it has 100000000"),
    };
}
