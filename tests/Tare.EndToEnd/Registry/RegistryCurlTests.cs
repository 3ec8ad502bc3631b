using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registry;

namespace Tare.EndToEnd.Registry;

/// <summary>The API as curl sees it.</summary>
[Collection("registry")]
public sealed class RegistryCurlTests
{
    [Fact]
    public async Task A_blob_goes_up_in_chunks_and_comes_down_in_parts()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        byte[] content = RandomNumberGenerator.GetBytes(3_000_000);
        string file = Path.Combine(server.Folder, "blob");
        await File.WriteAllBytesAsync(file, content);
        string digest = ImageArchive.Digest(content);
        string location = Header((await server.Curl("-X", "POST", "-D", "-", server.Url + "/v2/a/b/blobs/uploads/")).Ok(), "Location");
        foreach ((int from, int to) in new[] { (0, 999_999), (1_000_000, 2_999_999) })
        {
            await File.WriteAllBytesAsync(file + ".part", content[from..(to + 1)]);
            Result patched = (await server.Curl("-X", "PATCH", "-D", "-", "-H", $"Content-Range: {from}-{to}", "-H", "Content-Type: application/octet-stream", "--data-binary", $"@{file}.part", server.Url + location)).Ok();
            Assert.Contains("HTTP/1.1 202 Accepted", patched.Out);
            Assert.Equal($"0-{to}", Header(patched, "Range"));
        }

        Assert.Equal(416, await server.StatusAsync(location, "-X", "PATCH", "-H", "Content-Range: 5-6", "--data-binary", "xx"));
        Assert.Equal(201, await server.StatusAsync($"{location}?digest={digest}", "-X", "PUT"));
        Assert.Equal(content, (await server.Curl(server.Url + $"/v2/a/b/blobs/{digest}")).Ok().OutBytes);
        Assert.Equal(content[1_500_000..2_500_001], (await server.Curl("-r", "1500000-2500000", server.Url + $"/v2/a/b/blobs/{digest}")).Ok().OutBytes);
        Assert.Equal(404, await server.StatusAsync($"/v2/other/blobs/{digest}"));
    }

    [Fact]
    public async Task Errors_have_the_forms_of_the_specification()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        foreach ((string path, string code) in new[]
        {
            ("/v2/nothing/manifests/latest", "MANIFEST_UNKNOWN"), ("/v2/nothing/tags/list", "NAME_UNKNOWN"), ("/v2/NOT/tags/list", "NAME_INVALID"),
            ("/v2/a/blobs/sha256:12", "DIGEST_INVALID"), ($"/v2/a/blobs/sha256:{new string('a', 64)}", "BLOB_UNKNOWN"), ("/v2/a/blobs/uploads/nothing", "BLOB_UPLOAD_UNKNOWN"),
            ("/v2/_catalog?n=x", "PAGINATION_NUMBER_INVALID"),
        })
        {
            JsonNode error = JsonNode.Parse((await server.Curl(server.Url + path)).Ok().Out)!["errors"]![0]!;
            Assert.Equal(code, (string)error["code"]!);
            Assert.NotEqual("", (string)error["message"]!);
        }
    }

    [Fact]
    public async Task A_manifest_that_is_too_large_or_refers_to_nothing_is_refused()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        string large = Path.Combine(server.Folder, "large");
        await File.WriteAllBytesAsync(large, new byte[(4 << 20) + 1]);
        Assert.Equal(413, await server.StatusAsync("/v2/a/manifests/1", "-X", "PUT", "-H", "Content-Type: application/vnd.oci.image.manifest.v1+json", "--data-binary", "@" + large));
        string digest = "sha256:" + new string('a', 64);
        Result refused = await server.Curl("-X", "PUT", "-H", "Content-Type: application/vnd.oci.image.manifest.v1+json", "-d",
            $$"""{"schemaVersion":2,"config":{"digest":"{{digest}}","size":1},"layers":[]}""", server.Url + "/v2/a/manifests/1");
        Assert.Contains("MANIFEST_BLOB_UNKNOWN", refused.Ok().Out);
        Assert.Contains(digest, refused.Out);
    }

    [Fact]
    public async Task Names_cannot_leave_the_root()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        foreach (string path in new[] { "/v2/../../etc/passwd", "/v2/%2e%2e/%2e%2e/manifests/1", "/v2/a/blobs/uploads/..%2f..%2fregistry.db", "/v2/a/blobs/sha256:..%2f..%2fregistry.db" })
            Assert.InRange(await server.StatusAsync(path, "--path-as-is"), 400, 404);
    }

    [Fact]
    public async Task There_are_metrics_a_health_check_and_a_line_for_each_request()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        Assert.Equal("ok", (await server.Curl(server.Url + "/healthz")).Ok().Text);
        await server.StatusAsync("/v2/some/thing/tags/list");
        Assert.Contains("tare_registry_requests_total{endpoint=\"tags\",method=\"GET\",status=\"404\"} 1", (await server.Curl(server.Url + "/metrics")).Ok().Out);
        await Eventually.TrueAsync(() => server.AccessLog.Contains("GET /v2/some/thing/tags/list 404", StringComparison.Ordinal), () => server.AccessLog);
        string[] words = server.AccessLog.Split('\n')[1].Split(' ');
        Assert.Equal(("127.0.0.1", "-", "GET"), (words[1], words[2], words[3]));
    }

    private static string Header(Result result, string name) =>
        result.Lines.Select(line => line.TrimEnd('\r')).First(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();
}
