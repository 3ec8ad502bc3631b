using System.Text;
using System.Text.Json;
using Tare.Errors;

namespace Tare.Oci.Runtime.Reading;

/// <summary>The sentences about a document that cannot be read. The place is looked for only here, where something is wrong.</summary>
internal static class ReadingErrors
{
    // How much of a value is shown.
    private const int Shown = 60;

    /// <summary>How the documents are read: as strictly as Go's decoder.</summary>
    public static JsonReaderOptions Options => new()
    {
        MaxDepth = SpecReader.MaxDepth,
        CommentHandling = JsonCommentHandling.Disallow,
        AllowTrailingCommas = false,
    };

    /// <summary>A value is of another type or range than it has to be.</summary>
    public static TareException Wrong(ReadOnlySpan<byte> document, string name, int offset, string expected)
    {
        var place = Place.Of(document, offset);
        return Sentence.Invalid($"{At(name, place)}: {place.Subject} is {Found(document, offset)}, but must be {expected}");
    }

    /// <summary>An object lacks a member.</summary>
    public static TareException Missing(ReadOnlySpan<byte> document, string name, int offset, string required)
    {
        var place = Place.Of(document, offset);
        return Sentence.Invalid($"{At(name, place)}: {place.Subject} has no \"{required}\", which is required");
    }

    /// <summary>An object has a member twice.</summary>
    public static TareException Twice(ReadOnlySpan<byte> document, string name, int offset)
    {
        var place = Place.Of(document, offset);
        return Sentence.Invalid($"{At(name, place)}: {place.Subject} is given twice: remove one of the two");
    }

    /// <summary>A string or a name cannot be text.</summary>
    public static TareException NoText(ReadOnlySpan<byte> document, string name, int offset)
    {
        var place = Place.Of(document, offset);
        return Sentence.Invalid(
            $"{At(name, place)}: {place.Subject} is {Found(document, offset)}, which is no valid Unicode: it has to be UTF-8, and \\u escapes of surrogates have to come in pairs");
    }

    /// <summary>The document is no JSON.</summary>
    public static TareException Malformed(ReadOnlySpan<byte> document, string name, JsonException malformed)
    {
        var offset = OffsetOf(document, malformed.LineNumber ?? 0, malformed.BytePositionInLine ?? 0);
        var place = Place.Of(document, offset);
        return Sentence.Invalid($"{At(name, place)}: {Reason(document, offset, place)}", malformed);
    }

    /// <summary>The beginning of a string as it stands in the document, without what a terminal would obey.</summary>
    public static string Clipped(ReadOnlySpan<byte> value)
    {
        // Four bytes are the most of a character, so that what is cut in two is cut away.
        var text = Encoding.UTF8.GetString(value[..Math.Min(value.Length, Shown * 4)]);
        return Sentence.Printable(text.Length > Shown ? $"{text.AsSpan(0, Shown)}…" : text);
    }

    private static string Reason(ReadOnlySpan<byte> document, int offset, Place place)
    {
        if (document.IndexOfAnyExcept(" \t\r\n"u8) < 0) return "the document is empty, but must be a JSON object";
        if (place.Whole) return $"{Character(document, offset)} follows the document's end: remove it";
        if (document[offset..].IndexOfAnyExcept(" \t\r\n"u8) < 0) return $"the document ends inside of {place.Subject}: it was cut off, or a quote or a bracket is missing";
        if (place.Depth >= SpecReader.MaxDepth && document[offset] is (byte)'{' or (byte)'[') return $"{place.Subject} is deeper than {SpecReader.MaxDepth} levels, the most that is read";
        if (document[offset] is (byte)'/') return "a comment is no JSON: remove it";
        var before = document[..offset].LastIndexOfAnyExcept(" \t\r\n"u8);
        if (document[offset] is (byte)'}' or (byte)']' && before >= 0 && document[before] == (byte)',')
            return $"the comma before {Character(document, offset)} is one too many: remove it";
        return $"the JSON of {place.Subject} is malformed: {Character(document, offset)} is not expected here";
    }

    private static string At(string name, Place place) => $"{name}, line {place.Line}, column {place.Column}";

    private static string Found(ReadOnlySpan<byte> document, int offset)
    {
        var json = new Utf8JsonReader(document[offset..], Options);
        json.Read();
        return json.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "a list",
            JsonTokenType.String => $"\"{Clipped(json.ValueSpan)}\"",
            _ => Clipped(json.ValueSpan),
        };
    }

    private static string Character(ReadOnlySpan<byte> document, int offset)
    {
        if (Rune.DecodeFromUtf8(document[offset..], out var rune, out _) != System.Buffers.OperationStatus.Done)
            return $"the byte 0x{document[offset]:X2}";
        return Rune.IsControl(rune) ? $"the character U+{rune.Value:X4}" : $"'{rune}'";
    }

    // Where a line and a position in it, both from 0, are in the document.
    private static int OffsetOf(ReadOnlySpan<byte> document, long line, long position)
    {
        var start = 0;
        for (; line > 0; line--) start += document[start..].IndexOf((byte)'\n') + 1;
        return (int)Math.Min(start + position, document.Length);
    }
}
