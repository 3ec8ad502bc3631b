using Microsoft.AspNetCore.Http;
using Tare.Oci.Images;
using Tare.Registry.Http;
using Tare.Store;

namespace Tare.Registry.Manifests;

/// <summary><c>/v2/NAME/referrers/DIGEST</c>: what says something about a manifest, as an index. One that nothing is said about has an empty one, whether it is there or not.</summary>
internal sealed class ReferrersEndpoint(Database database)
{
    internal Task ServeAsync(Exchange exchange)
    {
        exchange.MustRead();
        var subject = ExchangeChecks.ReadDigest(exchange.Route.Reference);
        var type = exchange.Query["artifactType"] is { Length: > 0 } asked ? asked : null;
        var referrers = database.Read(session => ManifestCatalog.Referrers(session, exchange.Name, subject, type));
        if (type is not null) exchange.Headers["OCI-Filters-Applied"] = "artifactType";
        return exchange.JsonAsync(StatusCodes.Status200OK, MediaTypes.OciIndex, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", MediaTypes.OciIndex);
            json.WriteStartArray("manifests");
            foreach (var referrer in referrers)
            {
                json.WriteStartObject();
                json.WriteString("mediaType", referrer.MediaType);
                json.WriteString("digest", referrer.Digest);
                json.WriteNumber("size", referrer.Size);
                if (referrer.ArtifactType is { } artifactType) json.WriteString("artifactType", artifactType);
                if (referrer.Annotations is { } annotations)
                {
                    json.WritePropertyName("annotations");
                    json.WriteRawValue(annotations);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }
}
