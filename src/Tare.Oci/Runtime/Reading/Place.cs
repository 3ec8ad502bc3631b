using System.Text;
using System.Text.Json;

namespace Tare.Oci.Runtime.Reading;

/// <summary>Where something is in a document.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">Characters, from 1.</param>
/// <param name="Path">The members and elements that lead to it, such as <c>mounts[2].options</c>; empty for the document itself.</param>
/// <param name="Depth">How many objects and lists it is in.</param>
/// <param name="Whole">Whether the document's one value is complete before it.</param>
internal sealed record Place(int Line, int Column, string Path, int Depth, bool Whole)
{
    /// <summary>How a sentence calls it.</summary>
    public string Subject => Path.Length == 0 ? "the document" : Path;

    /// <summary>Reads the document again, up to the token that starts at the offset or to where it can be read no further.</summary>
    public static Place Of(ReadOnlySpan<byte> document, int offset)
    {
        var before = document[..offset];
        var line = before.Count((byte)'\n') + 1;
        var column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        var levels = new List<Level>();
        var whole = Walk(document, offset, levels);
        var path = new StringBuilder();
        foreach (var level in levels) level.AppendTo(path);
        return new Place(line, column, path.ToString(), levels.Count, whole);
    }

    private static bool Walk(ReadOnlySpan<byte> document, int offset, List<Level> levels)
    {
        var json = new Utf8JsonReader(document, ReadingErrors.Options);
        var whole = false;
        try
        {
            while (json.Read() && json.TokenStartIndex <= offset)
            {
                if (json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
                {
                    levels.RemoveAt(levels.Count - 1);
                    whole = levels.Count == 0;
                    continue;
                }

                if (json.TokenType == JsonTokenType.PropertyName) levels[^1].Name = ReadingErrors.Clipped(json.ValueSpan);
                else if (levels.Count > 0) levels[^1].Index++;
                else whole = true;
                if (json.TokenStartIndex == offset) break;
                if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    whole = false;
                    levels.Add(new Level { IsList = json.TokenType == JsonTokenType.StartArray });
                }
            }
        }
        catch (JsonException)
        {
            // It is what the place is wanted for.
        }

        return whole;
    }

    private sealed class Level
    {
        public bool IsList { get; init; }

        public string? Name { get; set; }

        public int Index { get; set; } = -1;

        public void AppendTo(StringBuilder path)
        {
            if (IsList)
            {
                if (Index >= 0) path.Append('[').Append(Index).Append(']');
            }
            else if (Name is not null)
            {
                var plain = Name.Length > 0 && Name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
                if (plain) path.Append(path.Length > 0 ? "." : "").Append(Name);
                else path.Append("[\"").Append(Name).Append("\"]");
            }
        }
    }
}
