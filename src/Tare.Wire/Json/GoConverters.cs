using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tare.Wire.Json;

/// <summary>
/// A number or a boolean as Go's encoding/json reads it: <c>null</c> leaves the zero value instead of being an error.
/// Clients written against Docker send such nulls.
/// </summary>
internal sealed class NullAsZeroConverter<T>(NullAsZeroConverter<T>.Reader read, NullAsZeroConverter<T>.Writer write)
    : JsonConverter<T>
    where T : struct
{
    internal delegate T Reader(ref Utf8JsonReader reader);

    internal delegate void Writer(Utf8JsonWriter writer, T value);

    public override bool HandleNull => true;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => reader.TokenType == JsonTokenType.Null ? default : read(ref reader);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => write(writer, value);
}

/// <summary>Go's <c>map[string]struct{}</c>: an object whose keys are the members of a set.</summary>
internal sealed class SetConverter : JsonConverter<IReadOnlySet<string>>
{
    public override IReadOnlySet<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("expected an object whose keys are the members of a set");

        var set = new SortedSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            set.Add(reader.GetString()!);
            reader.Read();
            reader.Skip();
        }

        return set;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlySet<string> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var member in value.Order(StringComparer.Ordinal))
        {
            writer.WriteStartObject(member);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}

/// <summary>
/// A map with string keys. Go writes the keys of a map in ascending order, and users see that order in <c>docker inspect</c>.
/// </summary>
internal sealed class MapConverter<TValue> : JsonConverter<IReadOnlyDictionary<string, TValue>>
{
    public override IReadOnlyDictionary<string, TValue> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("expected an object");

        var valueType = WireJson.TypeOf<TValue>(options);
        var map = new SortedDictionary<string, TValue>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = reader.GetString()!;
            reader.Read();
            var value = JsonSerializer.Deserialize(ref reader, valueType);
            map[key] = value is null && typeof(TValue) == typeof(string) ? (TValue)(object)string.Empty : value!;
        }

        return map;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, TValue> value, JsonSerializerOptions options)
    {
        var valueType = WireJson.TypeOf<TValue>(options);
        writer.WriteStartObject();
        foreach (var (key, item) in value.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(key);
            JsonSerializer.Serialize(writer, item, valueType);
        }

        writer.WriteEndObject();
    }
}

/// <summary>A list of words that clients may also send as one string (Docker's <c>StrSlice</c>): <c>"Cmd": "ls"</c>.</summary>
internal sealed class WordsConverter : JsonConverter<IReadOnlyList<string>>
{
    public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return [reader.GetString()!];
            case JsonTokenType.StartArray:
                var words = new List<string>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    words.Add(reader.TokenType == JsonTokenType.Null ? string.Empty : reader.GetString()!);
                return words;
            default:
                throw new JsonException("expected a string or a list of strings");
        }
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var word in value)
            writer.WriteStringValue(word);
        writer.WriteEndArray();
    }
}
