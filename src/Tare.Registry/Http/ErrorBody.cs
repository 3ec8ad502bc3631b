using System.Text.Json;

namespace Tare.Registry.Http;

/// <summary>The body of a refusal (distribution-spec, "Error Codes").</summary>
internal static class ErrorBody
{
    internal static void Write(Utf8JsonWriter json, string code, string message, string? detail)
    {
        json.WriteStartObject();
        json.WriteStartArray("errors");
        json.WriteStartObject();
        json.WriteString("code", code);
        json.WriteString("message", message);
        if (detail is null) json.WriteNull("detail");
        else json.WriteString("detail", detail);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
