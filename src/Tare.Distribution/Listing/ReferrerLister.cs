using System.Text.Json;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Manifests;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Listing;

/// <summary>Finds what refers to a manifest (distribution-spec, "Listing Referrers").</summary>
internal static class ReferrerLister
{
    /// <summary>The referrers of a manifest, by the API or by the tag that stands for it at registries without one.</summary>
    /// <param name="session">Where.</param>
    /// <param name="name">The repository.</param>
    /// <param name="digest">The manifest that is referred to.</param>
    /// <param name="artifactType">The only type that is wanted.</param>
    /// <param name="ct">Ends it.</param>
    internal static async Task<OciIndex> ReadAsync(EndpointSession session, Reference name, Digest digest, string? artifactType, CancellationToken ct)
    {
        var all = new List<OciDescriptor>();
        var query = artifactType is null ? "" : $"artifactType={Uri.EscapeDataString(artifactType)}";
        Uri? address = session.Endpoint.Address($"{name.Path}/referrers/{digest}", query);
        for (var pages = 0; address is not null; pages++)
        {
            if (pages == Pages.Max || all.Count > Pages.MaxItems) throw Pages.Endless(session.Endpoint);
            var (index, next) = await PageAsync(session, name, address, ct);
            if (index is null) return Make(await TaggedAsync(session, name.WithoutTagAndDigest().WithTag(ReferrerTag.Of(digest)), ct), artifactType);
            all.AddRange(index.Manifests);
            address = next;
        }

        return Make(all, artifactType);
    }

    private static Task<(OciIndex? Index, Uri? Next)> PageAsync(EndpointSession session, Reference name, Uri address, CancellationToken ct) => session.AskAsync(
        new RegistryRequest(HttpMethod.Get, address) { Accept = [MediaTypes.OciIndex] },
        async answer =>
        {
            // Registries of before 1.1 do not know the address, in one way or another.
            if (answer.Status is 404 or 405 or 400 or 501) return ((OciIndex?)null, (Uri?)null);
            if (answer.Status != 200) throw await RegistryErrors.OfReadAsync(answer, name.WithoutTagAndDigest(), session.Time, ct);
            if (answer.Response.Content.Headers.ContentType?.MediaType != MediaTypes.OciIndex) return (null, null);
            var content = await answer.ReadAsync(Limits.Manifest, $"the list of referrers in {name.FamiliarName}", ct);
            return (Read(content, session), Pages.Next(answer, session.Endpoint));
        },
        ct);

    /// <summary>The list that clients keep under a tag; empty if there is none.</summary>
    internal static async Task<IReadOnlyList<OciDescriptor>> TaggedAsync(EndpointSession session, Reference tag, CancellationToken ct)
    {
        try
        {
            var manifest = await ManifestReader.GetAsync(session, tag, ct);
            return MediaTypes.IsIndex(manifest.MediaType) ? Read(manifest.Content, session).Manifests : [];
        }
        catch (RegistryException e) when (e.Status == 404)
        {
            return [];
        }
    }

    private static OciIndex Make(IEnumerable<OciDescriptor> referrers, string? artifactType) => new()
    {
        SchemaVersion = 2,
        MediaType = MediaTypes.OciIndex,
        Manifests = [.. referrers.Where(referrer => artifactType is null || referrer.ArtifactType == artifactType)],
    };

    private static OciIndex Read(byte[] content, EndpointSession session)
    {
        try
        {
            if (JsonSerializer.Deserialize(content, ImageJson.Default.OciIndex) is { Manifests: not null } index) return index;
        }
        catch (JsonException)
        {
            // said below
        }

        throw new RegistryException(ErrorKind.Internal, $"what {session.Endpoint.Host} gives as a list of referrers is no index");
    }
}
