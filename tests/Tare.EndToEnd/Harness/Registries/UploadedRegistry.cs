using System.Globalization;
using Tare.Distribution.Tests.Harness;

namespace Tare.EndToEnd.Harness.Registries;

/// <summary>A registry that takes images, verifies and serves what it has taken, and misbehaves where a plan says so.</summary>
internal sealed class UploadedRegistry : IAsyncDisposable
{
    private readonly ScriptedServer server;
    private readonly Dictionary<string, MemoryStream> uploads = [];
    private readonly Dictionary<string, byte[]> blobs = [];
    private readonly Dictionary<string, (byte[] Bytes, string Type)> manifests = [];
    private readonly Lock gate = new();
    private int started;

    public UploadedRegistry() => server = new ScriptedServer(Serve) { CutRequests = request => Cut(request) };

    /// <summary>Has a say before a request is served; null leaves it to the healthy registry.</summary>
    public Func<ReceivedRequest, Reply?> Fault { get; set; } = _ => null;

    /// <summary>After how many bytes of a request's body the connection is cut; null for none.</summary>
    public Func<ReceivedRequest, int?> Cut { get; set; } = _ => null;

    /// <summary>Whether bytes of a chunk that was cut are kept.</summary>
    public bool KeepsParts { get; set; }

    public string Host => server.Host;

    public string Name => $"{Host}/faults/pushed:1";

    public IReadOnlyList<ReceivedRequest> Requests => server.Requests;

    public int CountOf(string method, string part) => Requests.Count(request => request.Method == method && request.Path.Contains(part, StringComparison.Ordinal));

    /// <summary>Uploads that were neither ended nor taken back.</summary>
    public int Unfinished
    {
        get
        {
            lock (gate)
                return uploads.Count;
        }
    }

    /// <summary>Whether an image is there under its tag.</summary>
    public bool IsComplete
    {
        get
        {
            lock (gate)
                return manifests.ContainsKey("1");
        }
    }

    /// <summary>Forgets everything that it has, as a registry that loses its disk.</summary>
    public void Forget()
    {
        lock (gate)
        {
            uploads.Clear();
            blobs.Clear();
            manifests.Clear();
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Reply Serve(ReceivedRequest request)
    {
        if (request.Path == "/v2/")
            return Reply.Json(200, "{}", "Docker-Distribution-Api-Version: registry/2.0");
        lock (gate)
        {
            if (Fault(request) is { } fault)
                return fault;
            string last = request.Path[(request.Path.LastIndexOf('/') + 1)..];
            if (request.Path.Contains("/manifests/", StringComparison.Ordinal))
                return Manifest(request, last);
            if (request.Path.Contains("/blobs/uploads/", StringComparison.Ordinal))
                return Upload(request, last);
            if (!blobs.TryGetValue(last, out byte[]? blob))
                return Reply.Refusal(404, "BLOB_UNKNOWN", "blob unknown to registry");
            return FaultyRegistry.Blob(request, blob);
        }
    }

    private Reply Manifest(ReceivedRequest request, string name)
    {
        if (request.Method == "PUT")
        {
            string digest = RegistryImage.DigestOf(request.Body);
            manifests[name] = manifests[digest] = (request.Body, request["Content-Type"]!);
            return Reply.Of(201, "", $"Docker-Content-Digest: {digest}");
        }
        return manifests.TryGetValue(name, out (byte[] Bytes, string Type) manifest)
            ? Reply.Bytes(manifest.Bytes, $"Content-Type: {manifest.Type}", $"Docker-Content-Digest: {RegistryImage.DigestOf(manifest.Bytes)}")
            : Reply.Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    }

    private Reply Upload(ReceivedRequest request, string id)
    {
        if (request.Method == "POST")
        {
            id = (++started).ToString(CultureInfo.InvariantCulture);
            uploads[id] = new MemoryStream();
            return At(202, id);
        }
        if (!uploads.TryGetValue(id, out MemoryStream? upload))
            return Reply.Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
        switch (request.Method)
        {
            case "DELETE":
                uploads.Remove(id);
                return Reply.Of(204);
            case "GET":
                return At(204, id);
            default:
                return Take(request, id, upload);
        }
    }

    private Reply Take(ReceivedRequest request, string id, MemoryStream upload)
    {
        bool isCut = request.Body.Length < int.Parse(request["Content-Length"] ?? "0", CultureInfo.InvariantCulture);
        if (request.Body.Length > 0 && request["Content-Range"] is { } range && long.Parse(range.Split('-')[0], CultureInfo.InvariantCulture) != upload.Length)
            return At(416, id);
        if (!isCut || KeepsParts)
            upload.Write(request.Body);
        if (isCut || request.Method == "PATCH")
            return At(202, id);
        byte[] blob = upload.ToArray();
        string digest = request.Query("digest")!;
        if (RegistryImage.DigestOf(blob) != digest)
            return Reply.Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
        blobs[digest] = blob;
        uploads.Remove(id);
        return Reply.Of(201, "", $"Docker-Content-Digest: {digest}");
    }

    private Reply At(int status, string id) =>
        Reply.Of(status, "", $"Location: /v2/faults/pushed/blobs/uploads/{id}", $"Range: 0-{Math.Max(0, uploads[id].Length - 1)}", $"Docker-Upload-UUID: {id}");
}
