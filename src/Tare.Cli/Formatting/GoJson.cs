using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tare.Cli.Formatting;

/// <summary>JSON as Go's encoding/json writes it.</summary>
internal static class GoJson
{
    /// <summary>A string in quotes: only what JSON requires is escaped, and the two line separators of Unicode.</summary>
    public static void AppendString(StringBuilder target, string text)
    {
        target.Append('"');
        foreach (var c in text)
        {
            switch (c)
            {
                case '"' or '\\':
                    target.Append('\\').Append(c);
                    break;
                case '\n':
                    target.Append("\\n");
                    break;
                case '\r':
                    target.Append("\\r");
                    break;
                case '\t':
                    target.Append("\\t");
                    break;
                case '\b':
                    target.Append("\\b");
                    break;
                case '\f':
                    target.Append("\\f");
                    break;
                case < ' ' or '\u2028' or '\u2029':
                    target.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    break;
                default:
                    target.Append(c);
                    break;
            }
        }

        target.Append('"');
    }

    /// <summary>A document without white space; strings are decoded and written anew, members keep their order.</summary>
    public static void Append(StringBuilder target, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                target.Append('{');
                var first = true;
                foreach (var member in value.EnumerateObject())
                {
                    if (!first) target.Append(',');
                    first = false;
                    AppendString(target, member.Name);
                    target.Append(':');
                    Append(target, member.Value);
                }

                target.Append('}');
                break;
            case JsonValueKind.Array:
                target.Append('[');
                for (var i = 0; i < value.GetArrayLength(); i++)
                {
                    if (i > 0) target.Append(',');
                    Append(target, value[i]);
                }

                target.Append(']');
                break;
            case JsonValueKind.String:
                AppendString(target, value.GetString()!);
                break;
            default:
                target.Append(value.GetRawText());
                break;
        }
    }

    /// <summary>
    /// json.Indent with four spaces, or json.Compact: moves only white space, so that numbers and escapes stay as they were sent.
    /// </summary>
    public static void Reformat(IBufferWriter<byte> target, ReadOnlySpan<byte> json, bool indent) => Reformat(target, json, indent ? "    "u8 : ""u8, indent);

    /// <summary>json.Indent with any white space.</summary>
    public static void Indent(IBufferWriter<byte> target, ReadOnlySpan<byte> json, ReadOnlySpan<byte> step) => Reformat(target, json, step, indent: true);

    private static void Reformat(IBufferWriter<byte> target, ReadOnlySpan<byte> json, ReadOnlySpan<byte> step, bool indent)
    {
        var depth = 0;
        var inString = false;
        var needIndent = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inString)
            {
                var start = i;
                while (json[i] != '"' && i < json.Length - 1) i += json[i] == '\\' ? 2 : 1;
                target.Write(json[start..(i + 1)]);
                inString = false;
                continue;
            }

            if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') continue;
            var closes = c is (byte)'}' or (byte)']';
            if (needIndent && !closes)
            {
                needIndent = false;
                depth++;
                if (indent) NewLine(target, depth, step);
            }

            switch (c)
            {
                case (byte)'{' or (byte)'[':
                    // Put off, so that empty ones stay on their line.
                    needIndent = true;
                    target.Write([c]);
                    break;
                case (byte)',':
                    target.Write([c]);
                    if (indent) NewLine(target, depth, step);
                    break;
                case (byte)':':
                    target.Write(indent ? ": "u8 : ":"u8);
                    break;
                case (byte)'}' or (byte)']':
                    if (needIndent) needIndent = false;
                    else if (--depth >= 0 && indent) NewLine(target, depth, step);
                    target.Write([c]);
                    break;
                default:
                    inString = c == '"';
                    target.Write([c]);
                    break;
            }
        }
    }

    private static void NewLine(IBufferWriter<byte> target, int depth, ReadOnlySpan<byte> step)
    {
        target.Write("\n"u8);
        for (var i = 0; i < depth; i++) target.Write(step);
    }
}
