using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Tare.Registry.Tests.Harness;

namespace Tare.Registry.Tests.Uploads;

public sealed class UploadTests
{
    [Fact]
    public async Task An_upload_goes_on_after_a_restart()
    {
        var root = TestServer.NewRoot();
        try
        {
            var content = RandomNumberGenerator.GetBytes(300_000);
            string location;
            await using (var server = await TestServer.StartAsync(root: root))
            {
                location = await BeginAsync(server, "a/b");
                await PatchAsync(server, location, content.AsMemory(0, 100_000), 0, HttpStatusCode.Accepted);
            }

            await using (var server = await TestServer.StartAsync(root: root))
            {
                using (var status = await server.Client.GetAsync(new Uri(location, UriKind.Relative)))
                {
                    Assert.Equal(HttpStatusCode.NoContent, status.StatusCode);
                    Assert.Equal("0-99999", status.Headers.GetValues("Range").Single());
                }

                await PatchAsync(server, location, content.AsMemory(50_000, 1000), 50_000, HttpStatusCode.RequestedRangeNotSatisfiable);
                await PatchAsync(server, location, content.AsMemory(100_000), 100_000, HttpStatusCode.Accepted);
                using var done = await server.Client.PutAsync(new Uri($"{location}?digest={TestServer.DigestOf(content)}", UriKind.Relative), null);
                Assert.Equal(HttpStatusCode.Created, done.StatusCode);
                Assert.Equal(content, await server.Client.GetByteArrayAsync(new Uri($"/v2/a/b/blobs/{TestServer.DigestOf(content)}", UriKind.Relative)));
                Assert.Empty(Directory.EnumerateFiles(Path.Combine(root, "uploads")));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task A_wrong_digest_leaves_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var wrong = TestServer.DigestOf([1, 2, 3]);
        using (var response = await server.Client.PostAsync(new Uri($"/v2/a/blobs/uploads/?digest={wrong}", UriKind.Relative), TestServer.Bytes([1, 2])))
        {
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains("DIGEST_INVALID", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Empty(server.BlobFiles());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Root, "uploads")));
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Head, $"/v2/a/blobs/{wrong}"));
    }

    [Fact]
    public async Task Sha512_is_a_digest_too()
    {
        await using var server = await TestServer.StartAsync();
        var content = RandomNumberGenerator.GetBytes(100_000);
        var digest = "sha512:" + Convert.ToHexStringLower(SHA512.HashData(content));
        var location = await BeginAsync(server, "a");
        await PatchAsync(server, location, content, 0, HttpStatusCode.Accepted);
        using var done = await server.Client.PutAsync(new Uri($"{location}?digest={digest}", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Created, done.StatusCode);
        Assert.Equal(content, await server.Client.GetByteArrayAsync(new Uri($"/v2/a/blobs/{digest}", UriKind.Relative)));
    }

    [Fact]
    public async Task An_upload_belongs_to_its_repository_and_can_be_cancelled()
    {
        await using var server = await TestServer.StartAsync();
        var location = await BeginAsync(server, "a");
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Get, location.Replace("/v2/a/", "/v2/b/", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.NoContent, await server.StatusAsync(HttpMethod.Delete, location));
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Get, location));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Root, "uploads")));
    }

    [Fact]
    public async Task Ranges_of_large_blobs_are_exact_and_the_connection_goes_on()
    {
        await using var server = await TestServer.StartAsync();
        var content = RandomNumberGenerator.GetBytes(9_000_000);
        var digest = await server.PushBlobAsync("a", content);
        foreach (var (from, to) in new (int, int)[] { (0, 8_999_999), (1, 1), (8_000_000, 8_999_999), (100, 5_000_000), (32 * 1024 - 1, 64 * 1024) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/a/blobs/{digest}");
            request.Headers.Range = new RangeHeaderValue(from, to);
            using var response = await server.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
            Assert.Equal(content.AsSpan(from, to - from + 1).ToArray(), await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task Files_without_rows_are_swept_at_the_start_and_rows_without_files_are_said()
    {
        var root = TestServer.NewRoot();
        try
        {
            string lost;
            await using (var server = await TestServer.StartAsync(root: root)) lost = await server.PushBlobAsync("a", [1, 2, 3]);
            File.Delete(Path.Combine(root, "blobs", "sha256", lost[7..9], lost[7..]));
            var stray = Path.Combine(root, "blobs", "sha256", "ab", new string('a', 64));
            Directory.CreateDirectory(Path.GetDirectoryName(stray)!);
            await File.WriteAllTextAsync(stray, "stray");
            await File.WriteAllTextAsync(Path.Combine(root, "uploads", "stray"), "stray");
            await using (var server = await TestServer.StartAsync(root: root))
            {
                Assert.Empty(server.BlobFiles());
                Assert.Empty(Directory.EnumerateFiles(Path.Combine(root, "uploads")));
                Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync(HttpMethod.Head, $"/v2/a/blobs/{lost}"));
                Assert.Contains(server.Log, line => line.Contains(lost, StringComparison.Ordinal));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task<string> BeginAsync(TestServer server, string repository)
    {
        using var begun = await server.Client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
        return begun.Headers.Location!.ToString();
    }

    private static async Task PatchAsync(TestServer server, string location, ReadOnlyMemory<byte> chunk, int from, HttpStatusCode expected)
    {
        var body = TestServer.Bytes(chunk.ToArray());
        Assert.True(body.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{from + chunk.Length - 1}"));
        using var response = await server.Client.PatchAsync(new Uri(location, UriKind.Relative), body);
        Assert.Equal(expected, response.StatusCode);
    }
}
