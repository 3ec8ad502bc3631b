using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tare.Oci.Runtime.Writing;

/// <summary>
/// A JSON document in the making, and the writes of values that all writers share. What is absent is left out; members stand
/// in the order of the specification's Go types and entries in the order of their names, so that it looks as runc prints it.
/// </summary>
internal sealed class DocumentWriter : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(4096);
    private readonly Utf8JsonWriter json;

    /// <summary>Starts a document.</summary>
    /// <param name="indent">What a level is indented with: tabs or blanks, or nothing for a document of one line.</param>
    public DocumentWriter(string indent)
    {
        json = new Utf8JsonWriter(buffer, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Indented = indent.Length > 0,
            IndentCharacter = indent is ['\t', ..] ? '\t' : ' ',
            IndentSize = indent.Length,
            NewLine = "\n",
            // The writers are ours; a mistake in one of them is a test's to find.
            SkipValidation = true,
        });
    }

    public void Dispose() => json.Dispose();

    /// <summary>Ends the document.</summary>
    public byte[] ToArray(bool newLine = false)
    {
        json.Flush();
        var written = buffer.WrittenSpan;
        if (written.IndexOfAny("<>&"u8) < 0 && !newLine) return written.ToArray();
        // Go escapes these three, so that a document may stand in HTML; they occur in strings alone.
        var document = new ArrayBufferWriter<byte>(written.Length + 64);
        foreach (ref readonly var character in written)
        {
            if (character is (byte)'<') document.Write("\\u003c"u8);
            else if (character is (byte)'>') document.Write("\\u003e"u8);
            else if (character is (byte)'&') document.Write("\\u0026"u8);
            else document.Write(new ReadOnlySpan<byte>(in character));
        }

        if (newLine) document.Write("\n"u8);
        return document.WrittenSpan.ToArray();
    }

    /// <summary>Starts the document's object, or one in a list.</summary>
    public void Object() => json.WriteStartObject();

    public void Object(ReadOnlySpan<byte> name) => json.WriteStartObject(name);

    public void EndObject() => json.WriteEndObject();

    /// <summary>Starts the document's list.</summary>
    public void List() => json.WriteStartArray();

    public void List(ReadOnlySpan<byte> name) => json.WriteStartArray(name);

    public void EndList() => json.WriteEndArray();

    public void Null() => json.WriteNullValue();

    public void Text(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    public void Flag(ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } flag) json.WriteBoolean(name, flag);
    }

    /// <summary>Writes a flag whose absence is as good as false.</summary>
    public void FlagIfSet(ReadOnlySpan<byte> name, bool value)
    {
        if (value) json.WriteBoolean(name, true);
    }

    public void Number(ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
    }

    public void Unsigned(ReadOnlySpan<byte> name, ulong? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
    }

    public void Texts(ReadOnlySpan<byte> name, IReadOnlyList<string>? values)
    {
        if (values is null) return;
        json.WriteStartArray(name);
        for (var i = 0; i < values.Count; i++) json.WriteStringValue(values[i]);
        json.WriteEndArray();
    }

    public void Numbers(ReadOnlySpan<byte> name, IReadOnlyList<uint>? values)
    {
        if (values is null) return;
        json.WriteStartArray(name);
        for (var i = 0; i < values.Count; i++) json.WriteNumberValue(values[i]);
        json.WriteEndArray();
    }

    public void Texts(ReadOnlySpan<byte> name, IReadOnlyDictionary<string, string>? values)
    {
        if (values is null) return;
        json.WriteStartObject(name);
        foreach (var key in Sorted(values.Keys, values.Count)) json.WriteString(key, values[key]);
        json.WriteEndObject();
    }

    /// <summary>Starts the object of an entry whose name is data.</summary>
    public void Entry(string key) => json.WriteStartObject(key);

    /// <summary>The names of entries, in the order in which Go writes them.</summary>
    public static string[] Sorted(IEnumerable<string> keys, int count)
    {
        var sorted = new string[count];
        var next = 0;
        foreach (var key in keys) sorted[next++] = key;
        Array.Sort(sorted, StringComparer.Ordinal);
        return sorted;
    }
}
