using System.Runtime.CompilerServices;
using Tare.Distribution.Blobs;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Listing;
using Tare.Distribution.Manifests;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution;

/// <summary>
/// One repository of a registry, for one who asks. Reads go to the mirrors first, if it was opened for pulling. Thread-safe. The texts of
/// errors are Docker's; failures that may pass are tried again.
/// </summary>
public sealed class RepositoryClient
{
    private readonly EndpointChooser _chooser;
    private readonly TimeProvider _time;

    internal RepositoryClient(Reference name, EndpointChooser chooser, TimeProvider time)
    {
        Name = name.WithoutTagAndDigest();
        _chooser = chooser;
        _time = time;
    }

    /// <summary>The name, without tag and digest.</summary>
    public Reference Name { get; }

    /// <summary><c>host[:port]</c> of the endpoint that has answered last; before that, of the registry.</summary>
    public string RegistryHost => _chooser.Host;

    /// <summary>Reads a manifest or an index of at most 4 MiB.</summary>
    /// <remarks>Its digest is checked: against the one that was asked for, or against the one that the registry names.</remarks>
    /// <exception cref="RegistryException">It is not there, or not what it says it is, or in the format of schema 1.</exception>
    public Task<RemoteManifest> GetManifestAsync(string tagOrDigest, CancellationToken ct)
    {
        var name = Named(tagOrDigest);
        return _chooser.ReadAsync(session => ManifestReader.GetAsync(session, name, ct), _ => true, ct);
    }

    /// <summary>Looks up a manifest.</summary>
    /// <returns><see langword="null"/> if it is not there.</returns>
    public Task<OciDescriptor?> HeadManifestAsync(string tagOrDigest, CancellationToken ct)
    {
        var name = Named(tagOrDigest);
        return _chooser.ReadAsync(session => ManifestReader.HeadAsync(session, name, ct), found => found is not null, ct);
    }

    /// <summary>Looks up a blob.</summary>
    /// <returns>Its length in bytes (-1 if the registry does not say); <see langword="null"/> if it is not there.</returns>
    public Task<long?> HeadBlobAsync(Digest digest, CancellationToken ct) =>
        _chooser.ReadAsync(session => BlobHead.LengthAsync(session, Name, digest, ct), found => found is not null, ct);

    /// <summary>
    /// Opens a blob for reading, once and forwards. The stream asks again when it is cut, and gives exactly as many bytes as the descriptor
    /// says, or fails. It does not check the digest, and does not follow the descriptor's URLs.
    /// </summary>
    /// <param name="blob">Digest and size.</param>
    /// <param name="ct">Ends the opening, and later every read of the stream.</param>
    public async Task<Stream> OpenBlobAsync(OciDescriptor blob, CancellationToken ct)
    {
        Digest.Parse(blob.Digest); // it becomes a part of an address
        if (blob.Size < 0) throw TareException.Invalid($"the blob {blob.Digest} has a negative size");
        return await BlobStream.OpenAsync(_chooser, new BlobSource(Name, blob), _time, ct);
    }

    /// <summary>Lists the tags in the registry's order.</summary>
    public async IAsyncEnumerable<string> ListTagsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var page = await _chooser.ReadAsync(session => TagLister.FirstAsync(session, Name, ct), _ => true, ct);
        var tags = 0;
        for (var pages = 1; ; pages++)
        {
            tags += page.Tags.Count;
            foreach (var tag in page.Tags) yield return tag;
            if (page.Next is not { } next) yield break;
            if (pages == Pages.Max || tags > Pages.MaxItems) throw Pages.Endless(page.Session.Endpoint);
            page = await TagLister.ReadAsync(page.Session, Name, next, ct);
        }
    }

    /// <summary>Lists what refers to a manifest as its subject.</summary>
    /// <param name="digest">The manifest.</param>
    /// <param name="artifactType">The only type that is wanted; <see langword="null"/> for all.</param>
    /// <param name="ct">Ends it.</param>
    public Task<OciIndex> ReferrersAsync(Digest digest, string? artifactType, CancellationToken ct) =>
        _chooser.ReadAsync(session => ReferrerLister.ReadAsync(session, Name, digest, artifactType, ct), _ => true, ct);

    /// <summary>Stores a manifest by a tag or by its digest.</summary>
    /// <returns>Its digest.</returns>
    public async Task<Digest> PutManifestAsync(string tagOrDigest, string mediaType, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var name = Named(tagOrDigest);
        return await ManifestWriter.PutAsync(await _chooser.RegistryAsync(ct), name, mediaType, content, ct);
    }

    /// <summary>Begins to upload a blob.</summary>
    /// <param name="mount">A blob that the registry may have already; empty if there is none.</param>
    /// <param name="fromRepository">The repository, in the same registry, that has it: its path without the domain.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns><see langword="null"/> if the registry has taken the blob over from there.</returns>
    public async Task<BlobUpload?> BeginUploadAsync(Digest mount, string? fromRepository, CancellationToken ct) =>
        await BlobUpload.BeginAsync(await _chooser.RegistryAsync(ct), Name, mount, fromRepository, ct);

    private Reference Named(string tagOrDigest) =>
        Digest.TryParse(tagOrDigest, out var digest) ? Name.WithDigest(digest) : Name.WithTag(tagOrDigest);
}
