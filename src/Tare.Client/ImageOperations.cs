using System.Runtime.CompilerServices;
using System.Text;
using Tare.Client.Http;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>
/// The operations on images. An image is named by a reference such as <c>debian:12</c>, its id, or a unique beginning of its id.
/// </summary>
public sealed class ImageOperations
{
    private readonly Engine _engine;

    internal ImageOperations(Engine engine) => _engine = engine;

    /// <summary>Lists images.</summary>
    public async ValueTask<IReadOnlyList<ImageSummary>> ListAsync(bool all = false, Filters? filters = null, CancellationToken cancellationToken = default)
        => WireJson.Read<IReadOnlyList<ImageSummary>>((await ListJsonAsync(all, filters, cancellationToken: cancellationToken).ConfigureAwait(false)).Span) ?? [];

    /// <summary>The list as the engine wrote it.</summary>
    /// <param name="all">Nameless images too that others were built from.</param>
    /// <param name="filters">Which ones.</param>
    /// <param name="manifests">With the manifests that their names stand for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public ValueTask<ReadOnlyMemory<byte>> ListJsonAsync(bool all = false, Filters? filters = null, bool manifests = false, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/images/json");
        request.Query.Add("all", all).AddText("filters", filters?.ToString()).Add("manifests", manifests);
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Everything about an image.</summary>
    public async ValueTask<ImageInspect> InspectAsync(string image, string? platform = null, CancellationToken cancellationToken = default)
        => WireJson.Read<ImageInspect>((await InspectJsonAsync(image, platform, cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>Everything about an image, as the engine wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> InspectJsonAsync(string image, string? platform = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", Path(image, "/json"));
        request.Query.AddText("platform", PlatformJson(platform));
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>The steps that made an image, the last first, as the engine wrote them.</summary>
    public ValueTask<ReadOnlyMemory<byte>> HistoryJsonAsync(string image, string? platform = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", Path(image, "/history"));
        request.Query.AddText("platform", PlatformJson(platform));
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Images as an archive, docker's and an OCI layout in one; the caller's to dispose.</summary>
    /// <param name="images">The images; a name without a tag means all its tags.</param>
    /// <param name="platform">The platform that they must have.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async ValueTask<Stream> SaveAsync(IEnumerable<string> images, string? platform = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/images/get");
        foreach (var image in images) request.Query.Add("names", image);
        request.Query.AddText("platform", PlatformJson(platform));
        return (await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false)).Body;
    }

    /// <summary>Loads the images of an archive, docker's or an OCI layout, compressed or not.</summary>
    /// <param name="archive">The archive; it is read to its end.</param>
    /// <param name="quiet">Without progress.</param>
    /// <param name="platform">Only that platform of each image.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public IAsyncEnumerable<ProgressMessage> LoadAsync(Stream archive, bool quiet = false, string? platform = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/images/load") { BodyStream = archive, ContentType = MediaType.Tar };
        request.Query.Add("quiet", quiet ? "1" : "0").AddText("platform", PlatformJson(platform));
        return ProgressAsync(request, cancellationToken);
    }

    /// <summary>Makes an image of one layer from a file system in a tar archive.</summary>
    /// <param name="archive">The archive; null when the engine is to fetch <paramref name="source"/>.</param>
    /// <param name="source">The address that the engine fetches, or <c>-</c>.</param>
    /// <param name="reference">A name for the image.</param>
    /// <param name="message">A comment in its history.</param>
    /// <param name="changes">Instructions of a Dockerfile that change its configuration.</param>
    /// <param name="platform">Such as <c>linux/arm64</c>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public IAsyncEnumerable<ProgressMessage> ImportAsync(
        Stream? archive, string source = "-", string? reference = null, string? message = null, IEnumerable<string>? changes = null, string? platform = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/images/create") { BodyStream = archive, ContentType = archive is null ? null : MediaType.Tar };
        request.Query.AddText("fromSrc", source).AddText("message", message).AddText("repo", reference).AddText("platform", platform?.ToLowerInvariant());
        foreach (var change in changes ?? []) request.Query.Add("changes", change);
        return ProgressAsync(request, cancellationToken);
    }

    /// <summary>Fetches an image from its registry.</summary>
    /// <param name="repository">The name without tag or digest.</param>
    /// <param name="tag">The tag or digest; null for all tags of the repository.</param>
    /// <param name="platform">Such as <c>linux/arm64</c>.</param>
    /// <param name="registryAuth">Credentials, as the X-Registry-Auth header carries them (<see cref="AuthConfig.Encode"/>).</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public IAsyncEnumerable<ProgressMessage> PullAsync(string repository, string? tag = "latest", string? platform = null, string? registryAuth = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/images/create") { RegistryAuth = registryAuth };
        request.Query.Add("fromImage", repository).AddText("tag", tag).AddText("platform", platform?.ToLowerInvariant());
        return ProgressAsync(request, cancellationToken);
    }

    /// <summary>Sends an image to its registry.</summary>
    /// <param name="repository">The name without a tag.</param>
    /// <param name="tag">The tag; null for all tags of the name.</param>
    /// <param name="platform">Only that platform of the image, such as <c>linux/arm64</c> (API 1.46).</param>
    /// <param name="registryAuth">Credentials, as the X-Registry-Auth header carries them (<see cref="AuthConfig.Encode"/>).</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public IAsyncEnumerable<ProgressMessage> PushAsync(string repository, string? tag = "latest", string? platform = null, string? registryAuth = null, CancellationToken cancellationToken = default)
    {
        // Older engines want the header, be it that of nobody.
        var request = new Request("POST", Path(repository, "/push")) { RegistryAuth = registryAuth ?? new AuthConfig().Encode() };
        request.Query.AddText("tag", tag).AddText("platform", PlatformJson(platform));
        return ProgressAsync(request, cancellationToken);
    }

    /// <summary>Searches a registry for repositories.</summary>
    /// <param name="term">What to look for, with the registry in front unless it is Docker Hub.</param>
    /// <param name="limit">The most results, 1 to 100; 0 for the engine's default of 25.</param>
    /// <param name="filters">Only those that match (<c>is-official</c>, <c>stars</c>).</param>
    /// <param name="registryAuth">Credentials, as the X-Registry-Auth header carries them (<see cref="AuthConfig.Encode"/>).</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async ValueTask<IReadOnlyList<SearchResult>> SearchAsync(string term, int limit = 0, Filters? filters = null, string? registryAuth = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/images/search") { RegistryAuth = registryAuth };
        request.Query.Add("term", term).Add("limit", limit > 0 ? limit : null).AddText("filters", filters?.ToString());
        return WireJson.Read<IReadOnlyList<SearchResult>>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span) ?? [];
    }

    /// <summary>Asks an image's registry for its digest and platforms, without fetching it.</summary>
    /// <param name="image">The reference.</param>
    /// <param name="registryAuth">Credentials, as the X-Registry-Auth header carries them (<see cref="AuthConfig.Encode"/>).</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async ValueTask<DistributionInspect> InspectRemoteAsync(string image, string? registryAuth = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/distribution/" + QueryString.Encode(image, path: true) + "/json") { RegistryAuth = registryAuth };
        return WireJson.Read<DistributionInspect>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    /// <summary>Gives an image a further name.</summary>
    public ValueTask TagAsync(string image, string repository, string? tag = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", Path(image, "/tag"));
        request.Query.Add("repo", repository).AddText("tag", tag);
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    /// <summary>Takes a name from an image, and removes the image with its last name.</summary>
    /// <param name="image">The image.</param>
    /// <param name="force">Although it is in use.</param>
    /// <param name="prune">With its nameless parents.</param>
    /// <param name="platforms">The only platforms that go, <c>os/architecture/variant</c> each; absent for all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<IReadOnlyList<ImageDeleteResponseItem>> RemoveAsync(
        string image, bool force = false, bool prune = true, IEnumerable<string>? platforms = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("DELETE", Path(image, ""));
        request.Query.Add("force", force).Add("noprune", !prune);
        foreach (var platform in platforms ?? []) request.Query.AddText("platforms", PlatformJson(platform));
        return WireJson.Read<IReadOnlyList<ImageDeleteResponseItem>>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span) ?? [];
    }

    /// <summary>Removes unused images: those without a name, or with the filter <c>dangling=false</c> all.</summary>
    public async ValueTask<ImagePruneResponse> PruneAsync(Filters? filters = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/images/prune");
        request.Query.AddText("filters", filters?.ToString());
        return WireJson.Read<ImagePruneResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    private static string Path(string image, string operation) => "/images/" + QueryString.Encode(image, path: true) + operation;

    /// <summary>From <c>os/architecture/variant</c>.</summary>
    private static string? PlatformJson(string? platform)
    {
        if (string.IsNullOrEmpty(platform)) return null;
        var parts = platform.Split('/');
        var names = new[] { "os", "architecture", "variant" };
        var json = new StringBuilder("{");
        for (var i = 0; i < parts.Length && i < names.Length; i++)
            json.Append(i == 0 ? "" : ",").Append('"').Append(names[i]).Append("\":\"").Append(System.Text.Json.JsonEncodedText.Encode(parts[i])).Append('"');
        return json.Append('}').ToString();
    }

    private async IAsyncEnumerable<ProgressMessage> ProgressAsync(Request request, [EnumeratorCancellation] CancellationToken ct)
    {
        using var reply = await _engine.SendAsync(request, ct).ConfigureAwait(false);
        if (reply.Head.ContentType != MediaType.Json)
        {
            yield return new ProgressMessage { Stream = Encoding.UTF8.GetString((await reply.ReadAllAsync(ct).ConfigureAwait(false)).Span) };
            yield break;
        }

        await foreach (var json in JsonDocuments.SplitAsync(reply.Body, ct).ConfigureAwait(false))
        {
            if (WireJson.Read<ProgressMessage>(json.Span) is { } message) yield return message;
        }
    }
}
