using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Tare.Distribution.Tests.Harness;

namespace Tare.EndToEnd.Harness.Registries;

/// <summary>A registry of one repository that serves an image, and misbehaves where a plan says so.</summary>
internal sealed class FaultyRegistry : IAsyncDisposable
{
    public const string Repository = "faults/app";

    private readonly ScriptedServer server;
    private int forgotten;

    public FaultyRegistry(RegistryImage image, X509Certificate2? certificate = null)
    {
        Image = image;
        server = new ScriptedServer(Serve, certificate);
    }

    public RegistryImage Image { get; set; }

    /// <summary>Has a say before a request is served; null leaves it to the healthy registry.</summary>
    public Func<ReceivedRequest, Reply?> Fault { get; set; } = _ => null;

    public string Host => server.Host;

    public string Name => $"{Host}/{Repository}:1";

    /// <summary>The requests since the last <see cref="ForgetRequests"/>.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => [.. server.Requests.Skip(forgotten)];

    /// <summary>The requests for a blob.</summary>
    public int CountOf(RegistryBlob blob) => Requests.Count(request => Is(request, blob));

    public int Manifests => Requests.Count(IsManifest);

    public static bool Is(ReceivedRequest request, RegistryBlob blob) => request.Path == $"/v2/{Repository}/blobs/{blob.Digest}";

    public static bool IsManifest(ReceivedRequest request) => request.Path.StartsWith($"/v2/{Repository}/manifests/", StringComparison.Ordinal);

    /// <summary>What a healthy registry answers.</summary>
    public Reply Healthy(ReceivedRequest request)
    {
        if (request.Path == "/v2/")
            return Reply.Json(200, "{}", "Docker-Distribution-Api-Version: registry/2.0");
        if (IsManifest(request))
        {
            string wanted = request.Path[(request.Path.LastIndexOf('/') + 1)..];
            string digest = RegistryImage.DigestOf(Image.Manifest);
            return wanted == "1" || wanted == digest
                ? Reply.Bytes(Image.Manifest, $"Content-Type: {RegistryImage.ManifestType}", $"Docker-Content-Digest: {digest}")
                : Reply.Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
        }
        RegistryBlob? blob = Image.Layers.Append(Image.Config).FirstOrDefault(blob => Is(request, blob));
        return blob is null ? Reply.Refusal(404, "BLOB_UNKNOWN", "blob unknown to registry") : Blob(request, blob.Bytes);
    }

    /// <summary>A blob from the byte on that is asked for.</summary>
    public static Reply Blob(ReceivedRequest request, byte[] bytes)
    {
        if (StartOf(request) is not { } start)
            return Reply.Bytes(bytes, "Content-Type: application/octet-stream");
        return start >= bytes.Length
            ? Reply.Of(416)
            : new Reply(206, bytes[(int)start..]) { Headers = [$"Content-Range: bytes {start}-{bytes.Length - 1}/{bytes.Length}", "Content-Type: application/octet-stream"] };
    }

    /// <summary>From which byte on a blob is asked for; null for all of it.</summary>
    public static long? StartOf(ReceivedRequest request) =>
        request["Range"] is { } range ? long.Parse(range["bytes=".Length..].Split('-')[0], CultureInfo.InvariantCulture) : null;

    public void ForgetRequests() => forgotten = server.Requests.Count;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Reply Serve(ReceivedRequest request) => Fault(request) ?? Healthy(request);
}
