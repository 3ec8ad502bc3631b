using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tare.Errors;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Api.Http;

/// <summary>Reads the JSON document that is the body of a request, with Docker's rules and texts.</summary>
internal static class JsonBody
{
    /// <summary>The longest document, in bytes. Docker has no limit; a daemon's memory has.</summary>
    internal const int Limit = 16 * 1024 * 1024;

    /// <summary>The document; null when there is no body or it says null.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: another type of content, no JSON, too long.</exception>
    internal static async Task<T?> ReadAsync<T>(ApiContext context, CancellationToken cancellationToken)
        where T : class
    {
        CheckType(context);
        if (context.BodyLength is 0)
            return null;
        if (context.BodyLength > Limit)
            throw TooLong();

        var reader = context.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > Limit)
                throw TooLong();
            if (read.IsCompleted)
            {
                var document = Parse(read.Buffer, WireJson.Of<T>());
                reader.AdvanceTo(read.Buffer.End);
                return document;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>A body without a content type is an error only if it is there.</summary>
    internal static void CheckType(ApiContext context)
    {
        var header = context.RequestHeaders.ContentType.ToString();
        if (header.Length == 0)
        {
            if (context.BodyLength is 0)
                return;
            throw TareException.Invalid("malformed Content-Type header (): mime: no media type");
        }

        var semicolon = header.IndexOf(';', StringComparison.Ordinal);
        var type = (semicolon < 0 ? header : header[..semicolon]).Trim();
        if (!type.Equals(MediaType.Json, StringComparison.OrdinalIgnoreCase))
            throw TareException.Invalid($"unsupported Content-Type header ({header}): must be '{MediaType.Json}'");
    }

    /// <summary>Reads one document that is all of the bytes but for white space.</summary>
    internal static T? Parse<T>(ReadOnlySequence<byte> bytes, JsonTypeInfo<T> type)
        where T : class
    {
        // Go matches the names of a struct after reading a whole value, so a document that ends early is told apart from a wrong one.
        if (IsBlank(bytes))
            throw TareException.Invalid("invalid JSON: got EOF while reading request body");
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        T? document;
        try
        {
            document = JsonSerializer.Deserialize(ref reader, type);
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"invalid JSON: {Explain(bytes, e)}", e);
        }

        return IsBlank(bytes.Slice(reader.Position))
            ? document
            : throw TareException.Invalid("unexpected content after JSON");
    }

    private static TareException TooLong()
        => TareException.Invalid($"the body of the request is longer than {(Limit / 1024 / 1024).ToString(CultureInfo.InvariantCulture)} MiB");

    private static bool IsBlank(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            if (segment.Span.ContainsAnyExcept(" \t\r\n"u8))
                return false;
        }

        return true;
    }

    /// <summary>What is wrong with a document, in words about the document: the serializer's are about this program's types.</summary>
    private static string Explain(ReadOnlySequence<byte> bytes, JsonException error)
    {
        // A line end more, so that a number at the end is known to be whole.
        byte[] document = [.. bytes.ToArray(), (byte)'\n'];
        var wrong = OffsetOf(document, error);
        var what = "the value";
        var whole = false;
        var reader = new Utf8JsonReader(document, isFinalBlock: false, state: new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true }));
        try
        {
            var found = false;
            while (!whole && reader.Read())
            {
                if (!found && reader.BytesConsumed >= wrong)
                    (found, what) = (true, Name(reader.TokenType));
                whole = reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray);
            }
        }
        catch (JsonException broken)
        {
            var at = OffsetOf(document, broken);
            if (at >= bytes.Length)
                return "unexpected EOF";
            var character = document[at] is >= 0x20 and < 0x7f ? $"invalid character '{(char)document[at]}'" : "invalid character";
            return $"{character} at byte {at.ToString(CultureInfo.InvariantCulture)}";
        }

        if (!whole)
            return "unexpected EOF";
        var path = error.Path is { Length: > 1 } given ? given[1..].TrimStart('.') : "";
        return path.Length == 0 ? $"cannot read {what} as the document" : $"cannot read {what} at {path}";
    }

    private static string Name(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject or JsonTokenType.EndObject => "an object",
        JsonTokenType.StartArray or JsonTokenType.EndArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        _ => "the value",
    };

    /// <summary>Where in the document an error was found: behind the value that it is about, or at the character.</summary>
    private static long OffsetOf(byte[] document, JsonException error)
    {
        var start = 0;
        for (var line = 0L; line < (error.LineNumber ?? 0); line++)
        {
            var end = document.AsSpan(start).IndexOf((byte)'\n');
            if (end < 0)
                break;
            start += end + 1;
        }

        return start + (error.BytePositionInLine ?? 0);
    }
}
