using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tare.Registry.Tests.Harness;

namespace Tare.Registry.Tests.Collection;

public sealed class CollectorTests
{
    [Fact]
    public async Task What_is_referred_to_stays_and_what_is_not_goes()
    {
        await using var server = await TestServer.StartAsync(options => options with { CollectionGrace = TimeSpan.Zero });
        var kept = RandomNumberGenerator.GetBytes(1000);
        var image = await server.PushImageAsync("a", "1", kept);
        var stray = await server.PushBlobAsync("a", [1]);
        await server.CollectAsync();
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Head, $"/v2/a/blobs/{stray}"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Head, $"/v2/a/blobs/{TestServer.DigestOf(kept)}"));
        Assert.Equal(2, server.BlobFiles().Count());
        Assert.Equal(HttpStatusCode.Accepted, await server.StatusAsync(HttpMethod.Delete, $"/v2/a/manifests/{image}"));
        await server.CollectAsync();
        Assert.Empty(server.BlobFiles());
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Get, "/v2/a/tags/list"));
    }

    [Fact]
    public async Task The_grace_period_is_kept_and_renewed_by_a_question()
    {
        var clock = new Clock();
        await using var server = await TestServer.StartAsync(options => options with { CollectionGrace = TimeSpan.FromHours(1), Time = clock });
        var asked = await server.PushBlobAsync("a", [1]);
        var forgotten = await server.PushBlobAsync("a", [2]);
        clock.Offset = TimeSpan.FromMinutes(50);
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Head, $"/v2/a/blobs/{asked}"));
        await server.CollectAsync();
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/a/blobs/{forgotten}"));
        clock.Offset = TimeSpan.FromMinutes(70);
        await server.CollectAsync();
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Get, $"/v2/a/blobs/{forgotten}"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/a/blobs/{asked}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Untagged_manifests_go_when_that_is_asked_for(bool collect)
    {
        await using var server = await TestServer.StartAsync(options => options with { CollectionGrace = TimeSpan.Zero, CollectUntagged = collect });
        var first = await server.PushImageAsync("a", "1", [1]);
        var second = await server.PushImageAsync("a", "1", [2]);
        var child = await server.PushImageAsync("a", TestServer.DigestOf(TestServer.Manifest("{}"u8.ToArray(), [3])), [3]);
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{child}}","size":1}]}""");
        using (await server.PutManifestAsync("a", "index", index, "application/vnd.oci.image.index.v1+json"))
        {
            // Its child has no tag, and is kept by it.
        }

        var about = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b","config":{{TestServer.Descriptor("application/vnd.oci.empty.v1+json", "{}"u8.ToArray())}},"layers":[],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{second}}","size":1} }""");
        using (var response = await server.PutManifestAsync("a", TestServer.DigestOf(about), about)) Assert.Equal(second, response.Headers.GetValues("OCI-Subject").Single());
        await server.CollectAsync();
        await server.CollectAsync();
        Assert.Equal(collect ? HttpStatusCode.NotFound : HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/a/manifests/{first}"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/a/manifests/{second}"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/a/manifests/{child}"));
        Assert.Single(JsonNode.Parse(await server.GetAsync($"/v2/a/referrers/{second}"))!["manifests"]!.AsArray());
    }

    /// <summary>Pushers who delete what they and others have pushed, mounts between repositories, and a collector without a grace period that never rests.</summary>
    [Fact]
    public async Task Pushes_and_mounts_race_with_the_collector_and_whatever_was_accepted_is_whole()
    {
        await using var server = await TestServer.StartAsync(options => options with { CollectionGrace = TimeSpan.Zero, CollectUntagged = true });
        byte[][] shared = [.. Enumerable.Range(0, 4).Select(i => new byte[] { (byte)i, 7 })];
        using var stop = new CancellationTokenSource();
        var collecting = Task.Run(async () =>
        {
            var runs = 0;
            while (!stop.IsCancellationRequested)
            {
                await server.CollectAsync();
                runs++;
            }

            return runs;
        });
        var accepted = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 40; i++)
            {
                var repository = $"r{random.Next(3)}";
                var tag = $"w{worker}";
                var layer = shared[random.Next(shared.Length)];
                var config = "{}"u8.ToArray();
                await server.PushBlobAsync(repository, config);
                using (var mount = await server.Client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/?mount={TestServer.DigestOf(layer)}&from=r{random.Next(3)}", UriKind.Relative), null))
                {
                    if (mount.StatusCode != HttpStatusCode.Created) await server.PushBlobAsync(repository, layer);
                }

                var manifest = TestServer.Manifest(config, layer);
                using var put = await server.PutManifestAsync(repository, tag, manifest);
                if (put.StatusCode != HttpStatusCode.Created)
                {
                    // Without a grace period a blob may go before its manifest comes. That is said, and nothing half is left.
                    Assert.Contains("MANIFEST_BLOB_UNKNOWN", await put.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                    continue;
                }

                Interlocked.Increment(ref accepted);
                Assert.Equal(layer, await server.Client.GetByteArrayAsync(new Uri($"/v2/{repository}/blobs/{TestServer.DigestOf(layer)}", UriKind.Relative)));
                if (random.Next(3) > 0) Assert.Equal(HttpStatusCode.Accepted, await server.StatusAsync(HttpMethod.Delete, $"/v2/{repository}/manifests/{tag}"));
            }
        })));
        await stop.CancelAsync();
        Assert.True(await collecting > 1);
        Assert.True(accepted > 0);
        await server.CollectAsync();
        await server.CollectAsync();
        // Everything that a tag leads to is there, and no file besides.
        var wanted = new HashSet<string>();
        foreach (var repository in JsonNode.Parse(await server.GetAsync("/v2/_catalog"))!["repositories"]!.AsArray().Select(node => (string)node!))
        {
            foreach (var tag in JsonNode.Parse(await server.GetAsync($"/v2/{repository}/tags/list"))!["tags"]!.AsArray().Select(node => (string)node!))
            {
                var manifest = JsonNode.Parse(await server.GetAsync($"/v2/{repository}/manifests/{tag}"))!;
                foreach (var digest in manifest["layers"]!.AsArray().Append(manifest["config"]).Select(node => (string)node!["digest"]!))
                {
                    Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/{repository}/blobs/{digest}"));
                    wanted.Add(digest[7..]);
                }
            }
        }

        Assert.Equal(wanted.Order(), server.BlobFiles().Order());
    }

    [Fact]
    public async Task Retention_keeps_the_newest_and_lists_what_goes()
    {
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, """{"retention":[{"repository":"ci/*","tags":"b*","keepLast":2}]}""");
        try
        {
            await using var server = await TestServer.StartAsync(options => options with { ConfigFile = config, CollectionGrace = TimeSpan.Zero });
            var digests = new List<string>();
            foreach (var tag in (string[])["b1", "b2", "b3", "b4", "other"]) digests.Add(await server.PushImageAsync("ci/x", tag, Encoding.UTF8.GetBytes(tag)));
            await server.PushImageAsync("else/x", "b1", [1]);
            var options = new ServerOptions { Root = server.Root };
            Assert.Equal(["ci/x:b2", "ci/x:b1"], await RegistryCommands.RetainAsync(options, dryRun: true, CancellationToken.None));
            Assert.Equal(5, JsonNode.Parse(await server.GetAsync("/v2/ci/x/tags/list"))!["tags"]!.AsArray().Count);
            await RegistryCommands.RetainAsync(options, dryRun: false, CancellationToken.None);
            Assert.Equal(["b3", "b4", "other"], JsonNode.Parse(await server.GetAsync("/v2/ci/x/tags/list"))!["tags"]!.AsArray().Select(node => (string)node!));
            Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Get, $"/v2/ci/x/manifests/{digests[0]}"));
            Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(HttpMethod.Get, $"/v2/ci/x/manifests/{digests[3]}"));
        }
        finally
        {
            File.Delete(config);
        }
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}
