using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Oci;

namespace Tare.Distribution.Blobs;

/// <summary>Looks up blobs (distribution-spec, "Checking if content exists in the registry").</summary>
internal static class BlobHead
{
    /// <summary>The length of a blob; <see langword="null"/> if it is not there.</summary>
    internal static Task<long?> LengthAsync(EndpointSession session, Reference name, Digest digest, CancellationToken ct) => session.AskAsync(
        new RegistryRequest(HttpMethod.Head, session.Endpoint.Address($"{name.Path}/blobs/{digest}")),
        async answer => answer.Status switch
        {
            404 => (long?)null,
            >= 200 and < 300 => answer.Length ?? -1,
            _ => throw await RegistryErrors.OfWriteAsync(answer, session.Time, ct),
        },
        ct);
}
