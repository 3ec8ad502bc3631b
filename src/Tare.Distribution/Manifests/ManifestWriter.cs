using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Listing;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Distribution.Manifests;

/// <summary>Puts manifests (distribution-spec, "Pushing Manifests").</summary>
internal static class ManifestWriter
{
    /// <summary>Puts one; again and again the same is the same. A registry that does not list referrers gets its list from here.</summary>
    /// <returns>Its digest.</returns>
    internal static async Task<Digest> PutAsync(EndpointSession session, Reference name, string mediaType, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var tagOrDigest = name.Digest.IsEmpty ? name.Tag : name.Digest.ToString();
        var request = new RegistryRequest(HttpMethod.Put, session.Endpoint.Address($"{name.Path}/manifests/{tagOrDigest}"))
        {
            Content = content,
            ContentType = mediaType,
            Patience = Limits.Commit,
        };
        using var builder = new DigestBuilder(name.Digest);
        builder.Append(content.Span);
        var digest = builder.Finish();
        var subject = ReferrerTag.Subject(mediaType, content.Span);
        var isListed = await session.AskAsync(
            request,
            async answer =>
            {
                if (answer.Status is < 200 or >= 300) throw await RegistryErrors.OfWriteAsync(answer, session.Time, ct);
                if (Digest.TryParse(answer.Header("Docker-Content-Digest"), out var told) && told.Algorithm == digest.Algorithm && told != digest)
                    throw new RegistryException(ErrorKind.Internal, $"{session.Endpoint.Host} has stored {name.FamiliarString} as {told}, but it was sent {digest}");
                return subject.IsEmpty || answer.Header("OCI-Subject") is not null;
            },
            ct);
        if (!isListed) await ReferrerTag.AddAsync(session, name, subject, mediaType, digest, content, ct);
        return digest;
    }
}
