using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Manifests;

/// <summary>Reads and checks manifests at one endpoint (distribution-spec, "Pulling manifests").</summary>
internal static class ManifestReader
{
    private const string Schema1 = "application/vnd.docker.distribution.manifest.v1+json";
    private const string SignedSchema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    private static readonly string[] Accepted =
        [MediaTypes.OciIndex, MediaTypes.DockerManifestList, MediaTypes.OciManifest, MediaTypes.DockerManifest, "*/*"];

    /// <summary>Reads one.</summary>
    /// <param name="session">Where.</param>
    /// <param name="name">Whose, with the tag or the digest.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="RegistryException">It is not there, not what it says it is, or too large.</exception>
    internal static Task<RemoteManifest> GetAsync(EndpointSession session, Reference name, CancellationToken ct) =>
        session.AskAsync(
            Request(HttpMethod.Get, session, name),
            async answer =>
            {
                if (answer.Status != 200) throw await RegistryErrors.OfReadAsync(answer, name, session.Time, ct);
                var content = await answer.ReadAsync(Limits.Manifest, $"the manifest of {name.FamiliarString}", ct);
                return Check(answer, name, content);
            },
            ct);

    /// <summary>Looks one up; <see langword="null"/> if it is not there.</summary>
    internal static async Task<OciDescriptor?> HeadAsync(EndpointSession session, Reference name, CancellationToken ct)
    {
        var (known, descriptor) = await session.AskAsync(
            Request(HttpMethod.Head, session, name),
            answer => Task.FromResult(answer.Status switch
            {
                404 => (true, null),
                200 => Describe(answer, name),
                _ => (false, null),
            }),
            ct);
        if (known) return descriptor;

        // No HEAD, or an error whose text only a GET brings.
        try
        {
            var manifest = await GetAsync(session, name, ct);
            return new OciDescriptor { MediaType = manifest.MediaType, Digest = manifest.Digest.ToString(), Size = manifest.Content.Length };
        }
        catch (RegistryException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private static RegistryRequest Request(HttpMethod method, EndpointSession session, Reference name) =>
        new(method, session.Endpoint.Address($"{name.Path}/manifests/{(name.Digest.IsEmpty ? name.Tag : name.Digest.ToString())}")) { Accept = Accepted };

    private static (bool, OciDescriptor?) Describe(Answer answer, Reference name)
    {
        var type = answer.Response.Content.Headers.ContentType?.MediaType;
        var digest = name.Digest;
        if (digest.IsEmpty && !Digest.TryParse(answer.Header("Docker-Content-Digest"), out digest)) return (false, null);
        return answer.Length is not { } length || type is null ? (false, null) : (true, new OciDescriptor { MediaType = type, Digest = digest.ToString(), Size = length });
    }

    private static RemoteManifest Check(Answer answer, Reference name, byte[] content)
    {
        var expected = name.Digest;
        if (expected.IsEmpty && Digest.TryParse(answer.Header("Docker-Content-Digest"), out var told)) expected = told;
        if (!expected.IsEmpty)
        {
            using var builder = new DigestBuilder(expected);
            builder.Append(content);
            var actual = builder.Finish();
            if (actual != expected)
                throw Bad($"manifest verification failed for digest {expected}: what {answer.Target.Authority} has sent for {name.FamiliarString} has the digest {actual}");
        }

        var type = answer.Response.Content.Headers.ContentType?.MediaType;
        if (!ManifestDocument.TryRead(content, out var document))
            throw type is Schema1 or SignedSchema1 ? OldFormat(name) : Bad($"what {answer.Target.Authority} has sent for {name.FamiliarString} is no manifest: it is not a JSON object");
        if (document.SchemaVersion == 1 || document.MediaType is Schema1 or SignedSchema1) throw OldFormat(name);
        if (document is { HasManifests: true, HasLayers: true })
            throw Bad($"the manifest of {name.FamiliarString} is ambiguous: it has both manifests and layers");
        return new RemoteManifest(document.Type(type), name.Digest.IsEmpty ? Digest.Of(content) : name.Digest, content);
    }

    private static RegistryException Bad(string message) => new(ErrorKind.Internal, message);

    // Docker's words.
    private static RegistryException OldFormat(Reference name) => new(
        ErrorKind.InvalidArgument,
        "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. "
        + $"Suggest the author of {name} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. "
        + "More information at https://docs.docker.com/go/deprecated-image-specs/");
}
