using System.Text;
using System.Text.Json;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>
/// The Go types that Docker's templates see: which fields a struct has even when the document leaves them out, what they are called there,
/// and of what type they are.
/// </summary>
internal sealed class Shape
{
    private readonly Dictionary<string, Shape> _all;
    private readonly List<Field> _fields = [];

    private Shape(string name, Dictionary<string, Shape> all)
    {
        Name = name;
        _all = all;
    }

    /// <summary>Such as <c>container.State</c>.</summary>
    public string Name { get; }

    /// <summary>Reads definitions, a struct a line: <c>name: Field:type Field=name-in-the-document:type …</c>.</summary>
    /// <remarks>
    /// Types: <c>s</c> string, <c>i</c> int, <c>b</c> bool, <c>t</c> time, <c>any</c>, <c>set</c> (map to nothing), <c>portset</c> and
    /// <c>ports</c> (the same and a map to bindings, with the type of ports for a key), <c>*X</c> pointer, <c>[]X</c>
    /// slice, <c>{}X</c> map, else the name of a struct. A question mark behind the type: left out of JSON when it is empty. A name without a
    /// type (<c>+Name</c>) embeds that struct.
    /// </remarks>
    public static Dictionary<string, Shape> Parse(string definitions)
    {
        var all = new Dictionary<string, Shape>();
        foreach (var line in definitions.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            var shape = new Shape(line[..colon], all);
            all[shape.Name] = shape;
            foreach (var word in line[(colon + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (word[0] == '+')
                {
                    shape._fields.Add(new Field(word[1..], "", word[1..], Embedded: true, OmitsEmpty: false));
                    continue;
                }

                var separator = word.IndexOf(':', StringComparison.Ordinal);
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                var name = word[..(equals < 0 ? separator : equals)];
                shape._fields.Add(new Field(name, equals < 0 ? name : word[(equals + 1)..separator], word[(separator + 1)..].TrimEnd('?'), Embedded: false, OmitsEmpty: word[^1] == '?'));
            }
        }

        return all;
    }

    /// <summary>A document as a struct of this type, behind a pointer or not.</summary>
    public GoStruct Of(JsonElement json, bool isPointer = false) => new Value(this, json, isPointer);

    private bool TryGet(JsonElement json, string name, out object? value)
    {
        foreach (var field in _fields)
        {
            if (field.Embedded)
            {
                if (_all[field.Type].TryGet(json, name, out value)) return true;
                if (field.Name[(field.Name.LastIndexOf('.') + 1)..] != name) continue;
                value = _all[field.Type].Of(json);
                return true;
            }

            if (field.Name != name) continue;
            value = Convert(json.Member(field.JsonName), field.Type);
            return true;
        }

        value = null;
        return false;
    }

    /// <summary>The members of the JSON object that Go would write for the struct.</summary>
    private void AppendMembers(StringBuilder target, JsonElement json, ref bool first)
    {
        foreach (var field in _fields)
        {
            if (field.Embedded)
            {
                _all[field.Type].AppendMembers(target, json, ref first);
                continue;
            }

            var value = Convert(json.Member(field.JsonName), field.Type);
            // A struct is never empty to Go, and its own members decide.
            if (field.OmitsEmpty && !Values.IsTrue(value)) continue;
            if (!first) target.Append(',');
            first = false;
            GoJson.AppendString(target, field.JsonName);
            target.Append(':');
            if (field.Type is "any" or "[]any") AppendRaw(target, json.Member(field.JsonName));
            else Values.AppendJson(target, value);
        }
    }

    private static void AppendRaw(StringBuilder target, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Undefined) target.Append("null");
        else GoJson.Append(target, json);
    }

    private object? Convert(JsonElement json, string type)
    {
        var isNull = json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;
        if (type[0] == '*')
        {
            var inner = type[1..];
            if (isNull) return new GoNil(GoName(inner), NilKind.Pointer);
            return _all.TryGetValue(inner, out var target) ? target.Of(json, isPointer: true) : Convert(json, inner);
        }

        if (type.StartsWith("[]", StringComparison.Ordinal))
        {
            if (isNull) return new GoNil(GoName(type), NilKind.List);
            return new GoList([.. json.EnumerateArray().Select(item => Convert(item, type[2..]))], GoName(type));
        }

        if (type.StartsWith("{}", StringComparison.Ordinal))
        {
            if (isNull) return new GoNil(GoName(type), NilKind.Map);
            return new GoMap([.. Members(json, type[2..])], GoName(type), Convert(default, type[2..]));
        }

        switch (type)
        {
            case "s":
                return isNull ? "" : json.ValueKind == JsonValueKind.String ? json.GetString() : json.GetRawText();
            case "i":
                return isNull ? 0L : json.TryGetInt64(out var number) ? number : 0L;
            case "b":
                return json.ValueKind == JsonValueKind.True;
            case "t":
                return new GoTime(isNull ? "0001-01-01T00:00:00Z" : json.GetString()!);
            case "ports":
                return isNull ? new GoNil(GoName(type), NilKind.Map)
                    : new GoMap([.. Members(json, "[]nat.PortBinding")], GoName(type), Convert(default, "[]nat.PortBinding")) { KeyType = "nat.Port" };
            case "set" or "portset":
                return isNull ? new GoNil(GoName(type), NilKind.Map)
                    : new GoMap([.. json.EnumerateObject().Select(member => new KeyValuePair<string, object?>(member.Name, new Empty())).OrderBy(member => member.Key, StringComparer.Ordinal)], GoName(type)) { KeyType = type == "set" ? "string" : "nat.Port" };
            case "any":
                return isNull ? null : Values.FromUntyped(json);
            default:
                return _all[type].Of(json);
        }
    }

    private IEnumerable<KeyValuePair<string, object?>> Members(JsonElement json, string type)
        => json.EnumerateObject().Select(member => new KeyValuePair<string, object?>(member.Name, Convert(member.Value, type))).OrderBy(member => member.Key, StringComparer.Ordinal);

    private static string GoName(string type) => type switch
    {
        "s" => "string",
        "i" => "int64",
        "b" => "bool",
        "t" => "time.Time",
        "any" => "interface {}",
        "set" => "map[string]struct {}",
        "ports" => "nat.PortMap",
        "portset" => "nat.PortSet",
        _ when type.StartsWith("[]", StringComparison.Ordinal) => "[]" + GoName(type[2..]),
        _ when type.StartsWith("{}", StringComparison.Ordinal) => "map[string]" + GoName(type[2..]),
        ['*', ..] => "*" + GoName(type[1..]),
        _ => type,
    };

    private sealed record Field(string Name, string JsonName, string Type, bool Embedded, bool OmitsEmpty);

    private sealed class Value(Shape shape, JsonElement json, bool isPointer) : GoStruct
    {
        public override string TypeName => shape.Name;

        public override bool IsPointer => isPointer;

        public override IEnumerable<KeyValuePair<string, object?>> Fields
            => shape._fields.Select(f => new KeyValuePair<string, object?>(f.Name, f.Embedded ? shape._all[f.Type].Of(json) : shape.Convert(json.Member(f.JsonName), f.Type)));

        /// <summary>Of these types, one has a text of its own.</summary>
        public override string? Text => shape.Name == "container.Ulimit" ? $"{json.Text("Name")}={json.Number("Soft")}:{json.Number("Hard")}" : null;

        public override bool TryGet(string name, out object? value) => shape.TryGet(json, name, out value);

        public override void AppendJson(StringBuilder target)
        {
            var first = true;
            target.Append('{');
            shape.AppendMembers(target, json, ref first);
            target.Append('}');
        }
    }

    /// <summary>struct{}.</summary>
    private sealed class Empty : GoStruct
    {
        public override string TypeName => "struct {}";

        public override IEnumerable<KeyValuePair<string, object?>> Fields => [];

        public override bool TryGet(string name, out object? value)
        {
            value = null;
            return false;
        }
    }
}
