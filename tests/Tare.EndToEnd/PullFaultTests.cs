using System.Text;
using Tare.Distribution.Tests.Harness;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registries;

namespace Tare.EndToEnd;

/// <summary>Registries that cut, lie and stall while an image is pulled: what can be helped is helped, the rest is said, and nothing stays of it.</summary>
[Collection("own daemon")]
public sealed class PullFaultTests(FaultFixture engine) : IClassFixture<FaultFixture>
{
    private const int Pieces = 9;

    private static readonly RegistryImage Image = RegistryImage.Make(150_000, 40_000);

    private static RegistryBlob Layer => Image.Layers[1];

    [TareTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_layer_that_is_cut_anywhere_goes_on_where_it_was_cut(bool ranges)
    {
        await using FaultyRegistry registry = new(Image);
        await engine.UntouchedAsync(async () =>
        {
            for (int piece = 0; piece <= Pieces; piece++)
            {
                int cut = (Layer.Bytes.Length - 1) * piece / Pieces;
                int asked = registry.CountOf(Layer);
                bool done = false;
                registry.Fault = request =>
                {
                    if (!FaultyRegistry.Is(request, Layer))
                        return null;
                    Reply reply = ranges ? FaultyRegistry.Blob(request, Layer.Bytes) : Reply.Bytes(Layer.Bytes);
                    bool first = !done;
                    done = true;
                    return first ? reply with { CutAfter = cut } : reply;
                };
                (await engine.Run("tare", "pull", registry.Name)).Ok();
                Assert.Equal(asked + 2, registry.CountOf(Layer));
                Assert.Equal(cut == 0 ? null : cut, FaultyRegistry.StartOf(registry.Requests.Last(request => FaultyRegistry.Is(request, Layer))));
                await engine.RemoveAsync(registry);
            }
        });
    }

    [TareFact]
    public Task Every_connection_is_cut_after_some_bytes() => Recovers(Layer, Layer.Bytes.Length / 20_000 + 1, request => FaultyRegistry.Blob(request, Layer.Bytes) with { CutAfter = 20_000 });

    [TareFact]
    public Task A_layer_that_drips_is_awaited() => Recovers(Image.Layers[2], 1, request => Image.Layers[2].Bytes[^400..] is { } end && FaultyRegistry.StartOf(request) is null
        ? FaultyRegistry.Blob(request, Image.Layers[2].Bytes) with { Body = Image.Layers[2].Bytes, Drip = Slowly(Image.Layers[2].Bytes.Length - end.Length) }
        : null);

    [TareFact]
    public Task A_layer_that_comes_damaged_once_is_fetched_again() => Recovers(Layer, 2, (_, count) => count == 1 ? Reply.Bytes(Damaged(Layer)) : null);

    [TareFact]
    public Task A_configuration_that_comes_damaged_once_is_fetched_again() => Recovers(Image.Config, 2, (_, count) => count == 1 ? Reply.Bytes(Damaged(Image.Config)) : null);

    [TareTheory]
    [InlineData(500)]
    [InlineData(503)]
    public Task A_registry_that_fails_twice_is_asked_three_times(int status) => Recovers(Layer, 3, (_, count) => count <= 2 ? Reply.Of(status) : null);

    [TareFact]
    public Task A_registry_that_has_too_many_requests_is_asked_later() => Recovers(Layer, 2, (_, count) => count == 1
        ? Reply.Refusal(429, "TOOMANYREQUESTS", "slower, please", "Retry-After: 1")
        : null);

    [TareFact]
    public async Task A_manifest_that_fails_twice_is_asked_for_again()
    {
        await using FaultyRegistry registry = new(Image);
        registry.Fault = request => FaultyRegistry.IsManifest(request) && registry.Manifests <= 2 ? Reply.Of(503) : null;
        await engine.UntouchedAsync(async () =>
        {
            (await engine.Run("tare", "pull", registry.Name)).Ok();
            Assert.Equal(3, registry.Manifests);
            await engine.RemoveAsync(registry);
        });
    }

    [TareFact]
    public async Task A_token_that_expires_in_the_middle_is_replaced()
    {
        await using FaultyRegistry registry = new(Image);
        int tokens = 0;
        registry.Fault = request =>
        {
            if (request.Path == "/token")
                return Reply.Json(200, $$"""{"token":"t{{Interlocked.Increment(ref tokens)}}"}""");
            // The first token does for the manifest alone, the second one for what is left.
            string valid = FaultyRegistry.IsManifest(request) ? "t1" : "t2";
            return request["Authorization"] == $"Bearer {valid}" || (tokens > 2 && request["Authorization"] is not null)
                ? null
                : Reply.Refusal(401, "UNAUTHORIZED", "authentication required", $"WWW-Authenticate: Bearer realm=\"http://{registry.Host}/token\",service=\"faulty\",scope=\"repository:{FaultyRegistry.Repository}:pull\"");
        };
        await engine.UntouchedAsync(async () =>
        {
            (await engine.Run("tare", "pull", registry.Name)).Ok();
            Assert.InRange(tokens, 2, 3);
            await engine.RemoveAsync(registry);
        });
    }

    [TareTheory]
    [InlineData("tare")]
    [InlineData("docker")]
    public async Task Another_host_that_a_layer_is_redirected_to_gets_no_credentials(string client)
    {
        await using FaultyRegistry storage = new(Image);
        await using FaultyRegistry registry = new(Image);
        string account = Convert.ToBase64String("user:secret"u8);
        registry.Fault = request =>
        {
            if (request["Authorization"] != $"Basic {account}")
                return Reply.Refusal(401, "UNAUTHORIZED", "authentication required", "WWW-Authenticate: Basic realm=\"faulty\"");
            return FaultyRegistry.Is(request, Layer) ? Reply.Of(307, "", $"Location: http://{storage.Host}{request.Target}?signature=1") : null;
        };
        using TemporaryFolder configuration = new();
        await File.WriteAllTextAsync(Path.Combine(configuration.Path, "config.json"), $$"""{"auths":{"{{registry.Host}}":{"auth":"{{account}}"} } }""");
        await engine.UntouchedAsync(async () =>
        {
            (await Running.RunAsync(Setup.ProgramOf(client), ["pull", registry.Name], environment: engine.Environment(configuration.Path))).Ok();
            await engine.RemoveAsync(registry);
        });
        ReceivedRequest redirected = Assert.Single(storage.Requests);
        Assert.Null(redirected["Authorization"]);
    }

    /// <summary>What cannot be helped: what is done, what the clients say, and how often the registry is asked for it (0: whatever).</summary>
    public static TheoryData<string> Hopeless => [.. Faults.Keys];

    [TareTheory]
    [MemberData(nameof(Hopeless))]
    public async Task What_cannot_be_helped_is_said_and_leaves_nothing(string fault)
    {
        PullFault plan = Faults[fault];
        await using FaultyRegistry registry = new(plan.Image ?? Image);
        registry.Fault = request => plan.Answer(registry, request);
        await engine.UntouchedAsync(async () =>
        {
            foreach (string client in plan.Stock ? ["tare", "docker"] : new[] { "tare" })
            {
                int before = registry.Requests.Count(plan.IsCounted);
                Result pull = (await engine.Run(client, "pull", registry.Name)).Expect(1);
                Assert.True(System.Text.RegularExpressions.Regex.IsMatch(pull.Err, plan.Words), $"{pull}\nwas to say {plan.Words}");
                Assert.True(pull.Err.Trim().Split('\n').Length == 1, $"more than a sentence: {pull}");
                if (plan.Requests > 0)
                    Assert.Equal(plan.Requests, registry.Requests.Count(plan.IsCounted) - before);
            }
        });
        registry.Image = Image;
        await engine.UntouchedAsync(() => engine.PullsAsync(registry));
    }

    [TareTheory]
    [InlineData("tare", "manifest")]
    [InlineData("tare", "layer")]
    [InlineData("docker", "layer")]
    [InlineData("tare", "middle")]
    public async Task A_pull_from_a_registry_that_says_nothing_ends_with_its_client(string client, string where)
    {
        await using FaultyRegistry registry = new(Image);
        registry.Fault = request => where == "manifest" && FaultyRegistry.IsManifest(request) ? Reply.Of(200) with { SilentAfter = -1 }
            : where != "manifest" && FaultyRegistry.Is(request, Layer) ? Reply.Bytes(Layer.Bytes) with { SilentAfter = where == "layer" ? 0 : 100_000 }
            : null;
        await engine.UntouchedAsync(async () =>
        {
            using Running pull = engine.Start(client, "pull", registry.Name);
            await Eventually.TrueAsync(() => where == "manifest" ? registry.Manifests > 0 : registry.CountOf(Layer) > 0, () => "the registry was not asked");
            pull.Kill();
            await pull.EndAsync();
        });
        await engine.UntouchedAsync(() => engine.PullsAsync(registry));
    }

    private static Func<Task> Slowly(int free)
    {
        int sent = 0;
        return () => ++sent > free ? Task.Delay(5) : Task.CompletedTask;
    }

    private static byte[] Damaged(RegistryBlob blob)
    {
        byte[] damaged = [.. blob.Bytes];
        damaged[^(blob.Bytes.Length / 3)] ^= 0x20;
        return damaged;
    }

    private Task Recovers(RegistryBlob blob, int requests, Func<ReceivedRequest, Reply?> answer) => Recovers(blob, requests, (request, _) => answer(request));

    /// <summary>Pulls, and counts how often a blob was asked for.</summary>
    private async Task Recovers(RegistryBlob blob, int requests, Func<ReceivedRequest, int, Reply?> answer)
    {
        await using FaultyRegistry registry = new(Image);
        registry.Fault = request => FaultyRegistry.Is(request, blob) ? answer(request, registry.CountOf(blob)) : null;
        await engine.UntouchedAsync(async () =>
        {
            (await engine.Run("tare", "pull", registry.Name)).Ok();
            Assert.Equal(requests, registry.CountOf(blob));
            await engine.RemoveAsync(registry);
        });
    }

    private sealed record PullFault(Func<FaultyRegistry, ReceivedRequest, Reply?> Answer, string Words)
    {
        public RegistryImage? Image { get; init; }

        /// <summary>How often what fails is asked for.</summary>
        public int Requests { get; init; }

        public Func<ReceivedRequest, bool> IsCounted { get; init; } = request => FaultyRegistry.Is(request, Layer);

        /// <summary>Whether the stock client is asked too.</summary>
        public bool Stock { get; init; }
    }

    private static PullFault OfLayer(string words, int requests, Func<ReceivedRequest, Reply> answer) =>
        new((_, request) => FaultyRegistry.Is(request, Layer) ? answer(request) : null, words) { Requests = requests };

    private static PullFault OfManifest(string words, int requests, Func<ReceivedRequest, Reply> answer) =>
        new((_, request) => FaultyRegistry.IsManifest(request) ? answer(request) : null, words) { Requests = requests, IsCounted = FaultyRegistry.IsManifest };

    private static PullFault OfImage(string words, RegistryImage image) => new((_, _) => null, words) { Image = image };

    private static PullFault OfBlob(string words, RegistryBlob blob, string? diffId = null) =>
        OfImage(words, RegistryImage.OfDiffIds([(RegistryImage.DigestOf(BaseImage.BusyboxLayer), Image.Layers[0]), (diffId ?? RegistryImage.DigestOf([]), blob)]));

    private static PullFault OfTar(string words, byte[] tar) => OfBlob(words, new RegistryBlob(RegistryImage.Gzip(tar), RegistryImage.GzipType), RegistryImage.DigestOf(tar));

    private static readonly byte[] Large = new byte[100_000_000];

    private static Dictionary<string, PullFault> Faults => new()
    {
        ["a layer that is not there"] = OfLayer("does not have the blob .*blob unknown", 1, _ => Reply.Refusal(404, "BLOB_UNKNOWN", "blob unknown to registry")) with { Stock = true },
        ["a layer that one may not have"] = OfLayer("denied: not for you", 1, _ => Reply.Refusal(403, "DENIED", "not for you")) with { Stock = true },
        ["a layer that is always damaged"] = OfLayer("came with the digest sha256:.*damaged on its way", 2, _ => Reply.Bytes(Damaged(Layer))) with { Stock = true },
        ["another layer of the same length"] = OfLayer("came with the digest", 2, _ => Reply.Bytes(new byte[Layer.Bytes.Length])),
        ["a length that is too small"] = OfLayer("sends 100 bytes for .*, which has", 1, _ => Reply.Bytes(Layer.Bytes) with { ContentLength = 100 }),
        ["a length that is too large"] = OfLayer("sends 999999 bytes for .*, which has", 1, _ => Reply.Bytes(Layer.Bytes) with { ContentLength = 999_999 }),
        ["too long a body"] = OfLayer("sends more than the", 1, _ => Reply.Bytes([.. Layer.Bytes, 1, 2, 3]) with { IsChunked = true, ContentLength = null }),
        ["too short a body"] = OfLayer(@"has less of .*\(tried 5 times\)", 5, request => FaultyRegistry.StartOf(request) is null ? Reply.Bytes(Layer.Bytes[..^10]) with { IsChunked = true } : Reply.Of(416)),
        ["a connection that is always cut at the same byte"] = OfLayer(@"cannot read .*, byte 50000 of .*\(tried 5 times\)", 5, _ => Reply.Bytes(Layer.Bytes) with { CutAfter = 50_000 }),
        ["a failure that stays"] = OfLayer(@"received unexpected HTTP status: 500 .*\(tried 5 times\)", 5, _ => Reply.Of(500)) with { Stock = true },
        ["redirects in a circle"] = OfLayer("redirects endlessly", 11, request => Reply.Of(307, "", $"Location: {request.Target}")),
        ["a redirect to nothing"] = OfLayer("names an address that is none", 1, _ => Reply.Of(307, "", "Location: file:///etc/shadow")),
        ["a manifest that is not there"] = OfManifest("manifest for .* not found: manifest unknown", 1, _ => Reply.Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")) with { Stock = true },
        ["a manifest of 100 MB in pieces"] = OfManifest("is larger than 4096 KiB", 1, _ => Reply.Bytes(Large, $"Content-Type: {RegistryImage.ManifestType}") with { IsChunked = true }) with { Stock = true },
        ["a manifest of 100 MB"] = OfManifest("is larger than 4096 KiB", 1, _ => Reply.Bytes(Large, $"Content-Type: {RegistryImage.ManifestType}")),
        ["a manifest with another digest"] = OfManifest("manifest verification failed for digest", 0, _ => Reply.Bytes(
            Image.Manifest, $"Content-Type: {RegistryImage.ManifestType}", $"Docker-Content-Digest: {RegistryImage.DigestOf("x"u8)}")),
        ["a manifest that is none"] = OfManifest("is no manifest: it is not a JSON object", 0, _ => Reply.Bytes("<html>"u8.ToArray(), "Content-Type: text/html")),
        ["a manifest that is cut"] = OfManifest("the connection to .* was cut", 0, _ => Reply.Bytes(Image.Manifest, $"Content-Type: {RegistryImage.ManifestType}") with { CutAfter = 100 }),
        ["an index that names itself"] = OfManifest("manifest verification failed for digest", 2, _ => Index(RegistryImage.DigestOf("itself"u8))),
        ["a configuration of 100 MB that says so"] = OfImage("more than the .* that are read", Image.With(Image.Config with { Size = Large.Length })),
        ["a configuration of 100 MB that does not say so"] = new(
            (_, request) => FaultyRegistry.Is(request, Image.Config) ? Reply.Bytes(Large) with { IsChunked = true } : null, "came with the digest"),
        ["a configuration that is damaged"] = new((_, request) => FaultyRegistry.Is(request, Image.Config) ? Reply.Bytes(Damaged(Image.Config)) : null, "the configuration .* came with the digest")
        {
            Requests = 2,
            IsCounted = request => FaultyRegistry.Is(request, Image.Config),
        },
        ["a configuration of another image"] = OfImage("has 2 layers, and its configuration 3", RegistryImage.Make(1).With(Image.Config)),
        ["a layer that is another one than the configuration says"] = OfBlob("holds an archive with the digest", Layer, RegistryImage.DigestOf("another"u8)),
        ["gzip that ends too early"] = OfBlob("gzip data is truncated or damaged", new RegistryBlob(Layer.Bytes[..^1000], RegistryImage.GzipType)),
        ["gzip with something behind it"] = OfBlob("gzip data is truncated or damaged", new RegistryBlob([.. Layer.Bytes, .. "and more"u8], RegistryImage.GzipType)),
        ["an archive that ends too early"] = OfTar("is truncated: it ends at byte", new TarMaker().File("cut", new byte[5000]).End()[..2000]),
        ["a bomb of gzip"] = OfBlob("decompresses to more than .* decompression bomb", new RegistryBlob(RegistryImage.GzipBomb(1_200L << 20), RegistryImage.GzipType)),
        ["a bomb of zstd"] = OfBlob("decompresses to more than .* decompression bomb", new RegistryBlob(RegistryImage.ZstdBomb(1_200L << 20), RegistryImage.ZstdType)),
        ["an archive that leaves its folder"] = OfTar("leads outside of the layer", new TarMaker().File("../../../../escaped", [1]).End()),
        ["an archive that leaves through a link"] = OfTar("cannot be extracted because its directory is none", new TarMaker().Link("out", "/tmp/../../../..").File("out/escaped", [1]).End()),
        ["a hard link to the outside"] = OfTar("leads outside|not in the layer", new TarMaker().HardLink("passwd", "../../../../etc/passwd").End()),
    };

    private static Reply Index(string digest)
    {
        byte[] index = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{RegistryImage.IndexType}}","manifests":[{"mediaType":"{{RegistryImage.IndexType}}","digest":"{{digest}}","size":300,"platform":{"architecture":"amd64","os":"linux"} }]}""");
        return Reply.Bytes(index, $"Content-Type: {RegistryImage.IndexType}");
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tare-e2e-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
