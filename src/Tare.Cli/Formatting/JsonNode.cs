using System.Text.Json;

namespace Tare.Cli.Formatting;

/// <summary>Members of documents that may be missing or null.</summary>
internal static class JsonNode
{
    public static JsonElement Member(this JsonElement json, string name)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    public static string Text(this JsonElement json, string name) => json.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    public static long Number(this JsonElement json, string name) => json.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : 0;

    public static bool Flag(this JsonElement json, string name) => json.Member(name).ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement json, string name)
    {
        var value = json.Member(name);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
    }

    public static IEnumerable<JsonProperty> Members(this JsonElement json, string name)
    {
        var value = json.Member(name);
        return value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : [];
    }

    public static List<string> Texts(this JsonElement json, string name)
        => [.. json.Items(name).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
}
