using System.Text;
using System.Text.Json;
using Tare.Errors;

namespace Tare.Oci.Runtime.Reading;

/// <summary>
/// A position in a JSON document, and the reads of values that all readers share. It stands on a value's first token before
/// the value is read, and on its last one after that. Where it is in the document is not tracked: <see cref="ReadingErrors"/>
/// finds that out, once there is something to say.
/// </summary>
internal ref struct DocumentReader
{
    private readonly ReadOnlySpan<byte> document;
    private readonly string name;
    private Utf8JsonReader json;
    private ReadOnlySpan<byte> member;
    private long memberStart;

    /// <summary>Prepares to read a document.</summary>
    /// <exception cref="TareException">It is too large, or in another encoding.</exception>
    public DocumentReader(ReadOnlySpan<byte> utf8, string name)
    {
        document = utf8;
        this.name = name;
        if (utf8.Length > SpecReader.MaxSize)
            throw Sentence.Invalid($"{name} is larger than {SpecReader.MaxSize >> 20} MiB, the most that is read of such a document");
        if (utf8 is [0xEF, 0xBB, 0xBF, ..])
            throw Sentence.Invalid($"{name} starts with a byte order mark, which JSON must not have: save it as UTF-8 without one");
        if (utf8 is [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..] or [0, ..] or [_, 0, ..])
            throw Sentence.Invalid($"{name} is not encoded in UTF-8, as JSON has to be: save it as UTF-8");
        json = new Utf8JsonReader(utf8, ReadingErrors.Options);
    }

    /// <summary>The offset of the token it stands on.</summary>
    public readonly int Offset => (int)json.TokenStartIndex;

    /// <summary>Goes to the document's one value.</summary>
    public void Start() => json.Read();

    /// <summary>Makes sure that nothing follows; throws <see cref="JsonException"/> otherwise.</summary>
    public void End() => json.Read();

    /// <summary>Enters an object.</summary>
    public readonly Members Object(string expected = "an object") =>
        json.TokenType == JsonTokenType.StartObject ? new Members(Offset) : throw Wrong(expected);

    /// <summary>Goes to the value of the next member that is not null, whose name <see cref="Is"/> then compares.</summary>
    /// <returns>False at the object's end.</returns>
    public bool Next(ref Members members)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            memberStart = json.TokenStartIndex;
            member = json.ValueIsEscaped ? Encoding.UTF8.GetBytes(Text()) : json.ValueSpan;
            json.Read();
            if (json.TokenType == JsonTokenType.Null) continue;
            members.Asked = 0;
            return true;
        }

        return false;
    }

    /// <summary>
    /// Whether the member has this name, in any case. The names of an object have to be asked for in one order: their number
    /// in it is what tells a member that is given twice.
    /// </summary>
    /// <exception cref="TareException">The object has had this member already.</exception>
    public readonly bool Is(ref Members members, ReadOnlySpan<byte> name)
    {
        var bit = 1UL << members.Asked++;
        if (member.Length != name.Length || !(member.SequenceEqual(name) || Ascii.EqualsIgnoreCase(member, name))) return false;
        if ((members.Seen & bit) != 0) throw Twice();
        members.Seen |= bit;
        return true;
    }

    /// <summary>Goes to the value of the next entry of an object whose names are data; those that are null are passed over.</summary>
    /// <returns>False at the object's end.</returns>
    public bool NextEntry(out string key)
    {
        key = "";
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            memberStart = json.TokenStartIndex;
            key = Text();
            json.Read();
            if (json.TokenType != JsonTokenType.Null) return true;
        }

        return false;
    }

    /// <summary>Enters a list.</summary>
    public readonly void List(string expected = "a list")
    {
        if (json.TokenType != JsonTokenType.StartArray) throw Wrong(expected);
    }

    /// <summary>Goes to the next element of a list.</summary>
    /// <returns>False at the list's end.</returns>
    public bool NextItem() => json.Read() && json.TokenType != JsonTokenType.EndArray;

    /// <summary>Passes over a value.</summary>
    public void Skip() => json.Skip();

    public readonly string String(string expected = "a string") =>
        json.TokenType == JsonTokenType.String ? Text() : throw Wrong(expected);

    public readonly bool Bool() => json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Wrong("true or false"),
    };

    public readonly ushort UInt16(string expected = "a number") =>
        IsNumber(expected) && json.TryGetUInt16(out var value) ? value : throw Wrong($"{expected}, whole and from 0 to {ushort.MaxValue}");

    public readonly int Int32(string expected = "a number") =>
        IsNumber(expected) && json.TryGetInt32(out var value) ? value : throw Wrong($"{expected}, whole and from {int.MinValue} to {int.MaxValue}");

    public readonly uint UInt32(string expected = "a number") =>
        IsNumber(expected) && json.TryGetUInt32(out var value) ? value : throw Wrong($"{expected}, whole and from 0 to {uint.MaxValue}");

    public readonly long Int64(string expected = "a number") =>
        IsNumber(expected) && json.TryGetInt64(out var value) ? value : throw Wrong($"{expected}, whole and from {long.MinValue} to {long.MaxValue}");

    public readonly ulong UInt64(string expected = "a number") =>
        IsNumber(expected) && json.TryGetUInt64(out var value) ? value : throw Wrong($"{expected}, whole and from 0 to {ulong.MaxValue}");

    /// <summary>Reads a list of strings.</summary>
    public List<string> Strings()
    {
        List("a list of strings");
        var strings = new List<string>();
        while (NextItem()) strings.Add(String());
        return strings;
    }

    /// <summary>Reads an object of strings; the order is kept.</summary>
    public Dictionary<string, string> Texts()
    {
        Object("an object of strings");
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        while (NextEntry(out var key))
        {
            if (!texts.TryAdd(key, String())) throw Twice();
        }

        return texts;
    }

    /// <summary>The error of a value of another type or range.</summary>
    public readonly TareException Wrong(string expected) => ReadingErrors.Wrong(document, name, Offset, expected);

    /// <summary>The error of an object that lacks a member.</summary>
    public readonly TareException Missing(in Members members, string required) => ReadingErrors.Missing(document, name, members.Start, required);

    /// <summary>The error of a member that is given twice.</summary>
    public readonly TareException Twice() => ReadingErrors.Twice(document, name, (int)memberStart);

    /// <summary>The error of a document that is no JSON.</summary>
    public readonly TareException Malformed(JsonException malformed) => ReadingErrors.Malformed(document, name, malformed);

    private readonly bool IsNumber(string expected) => json.TokenType == JsonTokenType.Number ? true : throw Wrong(expected);

    // Invalid UTF-8 and half of a surrogate pair are the reader's InvalidOperationException. Go puts U+FFFD in their place; a
    // path that has silently become another one is worse than an error.
    private readonly string Text()
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ReadingErrors.NoText(document, name, Offset);
        }
    }
}

/// <summary>What is remembered of the object that is being read.</summary>
/// <param name="start">The offset of the object.</param>
internal struct Members(int start)
{
    /// <summary>The offset of the object.</summary>
    public readonly int Start = start;

    /// <summary>How many names the current member has been compared with.</summary>
    public int Asked;

    /// <summary>The names that it has had, by their number.</summary>
    public ulong Seen;
}
