using System.Text.Json;
using Tare.Oci.Images;

namespace Tare.Distribution.Manifests;

/// <summary>What the outermost level of a manifest says of itself.</summary>
/// <param name="SchemaVersion">2, or 1 for Docker's oldest format.</param>
/// <param name="MediaType">The member <c>mediaType</c>; empty if there is none.</param>
/// <param name="HasManifests">Whether it lists manifests, as an index does.</param>
/// <param name="HasLayers">Whether it has a configuration or layers, as a manifest does.</param>
internal readonly record struct ManifestDocument(int SchemaVersion, string MediaType, bool HasManifests, bool HasLayers)
{
    /// <summary>Reads a document.</summary>
    /// <returns>Whether it is a JSON object of this sort at all.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> content, out ManifestDocument document)
    {
        document = default;
        try
        {
            var reader = new Utf8JsonReader(content);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                if (!reader.Read()) return false;
                switch (name)
                {
                    case "schemaVersion" when reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version):
                        document = document with { SchemaVersion = version };
                        break;
                    case "mediaType" when reader.TokenType == JsonTokenType.String:
                        document = document with { MediaType = reader.GetString() ?? "" };
                        break;
                    case "manifests":
                        document = document with { HasManifests = true };
                        break;
                    case "layers" or "config":
                        document = document with { HasLayers = true };
                        break;
                }

                reader.Skip();
            }

            document = document with { MediaType = document.MediaType ?? "" };
            return reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false; // invalid UTF-8 in a name is an InvalidOperationException
        }
    }

    /// <summary>The type of the document: its own word, or the header's, or what it looks like.</summary>
    internal string Type(string? header)
    {
        if (MediaType.Length > 0) return MediaType;
        if (MediaTypes.IsIndex(header) || MediaTypes.IsManifest(header)) return header!;
        if (HasManifests) return MediaTypes.OciIndex;
        return HasLayers ? MediaTypes.OciManifest : header ?? "";
    }
}
