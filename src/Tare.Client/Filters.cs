using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tare.Client;

/// <summary>Which objects a list, an event stream or a prune is about: values by name; values of one name are alternatives.</summary>
public sealed class Filters
{
    private readonly SortedDictionary<string, SortedSet<string>> _values = new(StringComparer.Ordinal);

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _values.Count == 0;

    /// <summary>Adds one value, such as <c>status</c>, <c>running</c>.</summary>
    public Filters Add(string name, string value)
    {
        if (!_values.TryGetValue(name, out var set)) _values[name] = set = new(StringComparer.Ordinal);
        set.Add(value);
        return this;
    }

    /// <summary>Whether the very value was added under the name.</summary>
    public bool Contains(string name, string value) => _values.TryGetValue(name, out var set) && set.Contains(value);

    /// <summary>Whether any value was added under the name.</summary>
    public bool ContainsName(string name) => _values.ContainsKey(name);

    /// <summary>As the API takes it: <c>{"status":{"running":true}}</c>; empty without filters.</summary>
    public override string ToString()
    {
        if (IsEmpty) return "";
        var target = new ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            foreach (var (name, values) in _values)
            {
                json.WriteStartObject(name);
                foreach (var value in values) json.WriteBoolean(value, true);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(target.WrittenSpan);
    }
}
