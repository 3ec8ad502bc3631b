using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tare.Wire.Json;

/// <summary>
/// Reads and writes the models as Go's encoding/json does for Docker: names match whatever their case, unknown fields are skipped,
/// <c>null</c> leaves the zero value of a field that cannot be null, keys of maps are written in order, and only what JSON itself
/// requires is escaped.
/// </summary>
public static class WireJson
{
    /// <summary>The shape of the newest API version.</summary>
    public static JsonSerializerOptions Options { get; } = Create(legacy: false);

    /// <summary>
    /// The shape up to API version 1.51, which writes as null or empty some fields that 1.52 and later leave out.
    /// </summary>
    public static JsonSerializerOptions LegacyOptions => Legacy.Options;

    /// <summary>The metadata of one model, for the serializer's own methods.</summary>
    public static JsonTypeInfo<T> Of<T>() => TypeOf<T>(Options);

    /// <summary>Reads one document. Throws <see cref="JsonException"/> for what is not one.</summary>
    public static T? Read<T>(ReadOnlySpan<byte> utf8) => JsonSerializer.Deserialize(utf8, Of<T>());

    /// <summary>Writes one document, without a line feed.</summary>
    public static void Write<T>(IBufferWriter<byte> target, T value, JsonSerializerOptions? options = null)
    {
        using var writer = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        JsonSerializer.Serialize(writer, value, TypeOf<T>(options ?? Options));
    }

    /// <summary>One document as UTF-8, without a line feed.</summary>
    public static byte[] ToUtf8<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Of<T>());

    internal static JsonTypeInfo<T> TypeOf<T>(JsonSerializerOptions options) => (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));

    private static JsonSerializerOptions Create(bool legacy)
    {
        var options = new JsonSerializerOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            PropertyNameCaseInsensitive = true,
            TypeInfoResolver = WireContext.Default.WithAddedModifier(KeepZeroOnNull),
            Converters =
            {
                new NullAsZeroConverter<bool>((ref r) => r.GetBoolean(), (w, v) => w.WriteBooleanValue(v)),
                new NullAsZeroConverter<int>((ref r) => r.GetInt32(), (w, v) => w.WriteNumberValue(v)),
                new NullAsZeroConverter<long>((ref r) => r.GetInt64(), (w, v) => w.WriteNumberValue(v)),
                new NullAsZeroConverter<ushort>((ref r) => r.GetUInt16(), (w, v) => w.WriteNumberValue(v)),
                new NullAsZeroConverter<uint>((ref r) => r.GetUInt32(), (w, v) => w.WriteNumberValue(v)),
                new NullAsZeroConverter<ulong>((ref r) => r.GetUInt64(), (w, v) => w.WriteNumberValue(v)),
                new SetConverter(),
                new MapConverter<string>(),
                new MapConverter<ulong>(),
                new MapConverter<EndpointSettings?>(),
                new MapConverter<EndpointResource>(),
                new MapConverter<IReadOnlyList<PortBinding>?>(),
                new MapConverter<IndexInfo>(),
                new MapConverter<Runtime>(),
                new MapConverter<ContainerNetworkStats>(),
                new MapConverter<SubnetStatus>(),
            },
        };
        if (legacy)
            options.TypeInfoResolver = options.TypeInfoResolver.WithAddedModifier(LegacyShape.Apply);
        options.MakeReadOnly();
        return options;
    }

    /// <summary>A property that cannot be null ignores a null in the document, as a Go field of a non-pointer type does.</summary>
    private static void KeepZeroOnNull(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
            return;
        foreach (var property in type.Properties)
        {
            if (property.IsSetNullable || property.PropertyType.IsValueType || property.Set is not { } set)
                continue;
            property.Set = (target, value) =>
            {
                if (value is not null)
                    set(target, value);
            };
        }
    }

    /// <summary>Made when the first old client comes.</summary>
    private static class Legacy
    {
        internal static readonly JsonSerializerOptions Options = Create(legacy: true);
    }
}
