using System.Text.Json;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Distribution.Listing;

/// <summary>Reads the tags of a repository, page by page.</summary>
internal static class TagLister
{
    /// <summary>One page.</summary>
    /// <param name="Session">The endpoint that it came from: the next pages are there too.</param>
    /// <param name="Tags">Its tags.</param>
    /// <param name="Next">The next page.</param>
    internal sealed record Page(EndpointSession Session, IReadOnlyList<string> Tags, Uri? Next);

    /// <summary>The first page.</summary>
    internal static Task<Page> FirstAsync(EndpointSession session, Reference name, CancellationToken ct) =>
        ReadAsync(session, name, session.Endpoint.Address($"{name.Path}/tags/list"), ct);

    /// <summary>A page.</summary>
    internal static Task<Page> ReadAsync(EndpointSession session, Reference name, Uri address, CancellationToken ct) => session.AskAsync(
        new RegistryRequest(HttpMethod.Get, address) { Accept = ["application/json"] },
        async answer =>
        {
            if (answer.Status != 200) throw await RegistryErrors.OfReadAsync(answer, name.WithoutTagAndDigest(), session.Time, ct);
            var content = await answer.ReadAsync(Limits.Listing, $"the list of tags of {name.FamiliarName}", ct);
            return new Page(session, Read(content, session, name), Pages.Next(answer, session.Endpoint));
        },
        ct);

    private static string[] Read(byte[] content, EndpointSession session, Reference name)
    {
        try
        {
            var document = JsonSerializer.Deserialize(content, DistributionJson.Default.TagListDocument);
            var tags = new List<string>();
            foreach (var tag in document?.Tags ?? []) tags.Add(name.WithTag(tag ?? "").Tag!);
            return [.. tags];
        }
        catch (Exception e) when (e is JsonException or TareException)
        {
            throw new RegistryException(ErrorKind.Internal, $"what {session.Endpoint.Host} gives as the tags of {name.FamiliarName} is no list of tags: {Refusal.Clean(e.Message)}", inner: e);
        }
    }
}
