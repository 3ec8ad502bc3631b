using System.Globalization;
using System.Text;
using System.Text.Json;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

// The values of a template are: null (nil), bool, long, double, string, and the types of this file.

/// <summary>A number of a document that is read without its type (Go's json.Number, a kind of string).</summary>
internal sealed record NumberText(string Text)
{
    public override string ToString() => Text;
}

/// <summary>A value with parts.</summary>
internal abstract class GoValue
{
    /// <summary>As error messages name it.</summary>
    public abstract string TypeName { get; }

    /// <summary>Appends it as encoding/json would.</summary>
    public abstract void AppendJson(StringBuilder target);
}

/// <summary>A nil pointer, map or slice of a known type.</summary>
internal sealed class GoNil(string typeName, NilKind kind) : GoValue
{
    public override string TypeName => typeName;

    public NilKind Kind => kind;

    public override void AppendJson(StringBuilder target) => target.Append("null");
}

internal enum NilKind
{
    Pointer,
    Map,
    List,
}

/// <summary>A slice.</summary>
internal sealed class GoList(IReadOnlyList<object?> items, string typeName = "[]string") : GoValue
{
    public override string TypeName => typeName;

    public IReadOnlyList<object?> Items => items;

    public override void AppendJson(StringBuilder target)
    {
        target.Append('[');
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) target.Append(',');
            Values.AppendJson(target, items[i]);
        }

        target.Append(']');
    }
}

/// <summary>A map with string keys, in the order of its keys.</summary>
internal sealed class GoMap(IReadOnlyList<KeyValuePair<string, object?>> members, string typeName, object? missing = null) : GoValue
{
    public override string TypeName => typeName;

    public IReadOnlyList<KeyValuePair<string, object?>> Members => members;

    /// <summary>The type of its keys. A string is no key of another type, though both are written as texts.</summary>
    public string KeyType { get; init; } = "string";

    /// <summary>The zero value of its elements.</summary>
    public object? Missing => missing;

    /// <summary>Whether its elements are of any type, as in a document that is read without a type.</summary>
    public bool IsUntyped => typeName.EndsWith("interface {}", StringComparison.Ordinal);

    public bool TryGet(string key, out object? value)
    {
        foreach (var (name, item) in members)
        {
            if (name != key) continue;
            value = item;
            return true;
        }

        value = missing;
        return false;
    }

    public override void AppendJson(StringBuilder target)
    {
        target.Append('{');
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0) target.Append(',');
            GoJson.AppendString(target, members[i].Key);
            target.Append(':');
            Values.AppendJson(target, members[i].Value);
        }

        target.Append('}');
    }
}

/// <summary>A struct, or what stands for one: fields, and methods that take arguments.</summary>
internal abstract class GoStruct : GoValue
{
    /// <summary>Whether it is reached through a pointer.</summary>
    public virtual bool IsPointer => false;

    /// <summary>The fields in their order, to be printed.</summary>
    public abstract IEnumerable<KeyValuePair<string, object?>> Fields { get; }

    /// <summary>A field, or a method without arguments.</summary>
    public abstract bool TryGet(string name, out object? value);

    /// <summary>Whether what looks like fields are methods.</summary>
    public virtual bool FieldsAreMethods => false;

    /// <summary>A method with arguments; false when there is none of that name.</summary>
    public virtual bool TryCall(string name, IReadOnlyList<object?> arguments, out object? value)
    {
        value = null;
        return false;
    }

    /// <summary>What a method of that name says when it is called with these arguments, other than its result.</summary>
    public virtual bool HasMethod(string name) => false;

    /// <summary>Its own text (Stringer); null for the fields.</summary>
    public virtual string? Text => null;

    public override void AppendJson(StringBuilder target)
    {
        target.Append('{');
        var first = true;
        foreach (var (name, value) in Fields)
        {
            if (!first) target.Append(',');
            first = false;
            GoJson.AppendString(target, name);
            target.Append(':');
            Values.AppendJson(target, value);
        }

        target.Append('}');
    }
}

/// <summary>Conversions between documents and values.</summary>
internal static class Values
{
    /// <summary>A document as Go reads it without a type: map[string]interface {} and the like.</summary>
    public static object? FromUntyped(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new SortedDictionary<string, object?>(StringComparer.Ordinal);
                foreach (var member in json.EnumerateObject()) members[member.Name] = FromUntyped(member.Value);
                return new GoMap([.. members], "map[string]interface {}");
            case JsonValueKind.Array:
                var items = new List<object?>(json.GetArrayLength());
                foreach (var item in json.EnumerateArray()) items.Add(FromUntyped(item));
                return new GoList(items, "[]interface {}");
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return new NumberText(json.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            default:
                return null;
        }
    }

    public static void AppendJson(StringBuilder target, object? value)
    {
        switch (value)
        {
            case null:
                target.Append("null");
                break;
            case bool b:
                target.Append(b ? "true" : "false");
                break;
            case long or NumberText:
                target.Append(value);
                break;
            case double d:
                target.Append(GoFormat.Real(d, 'g', -1));
                break;
            case string s:
                GoJson.AppendString(target, s);
                break;
            case GoValue v:
                v.AppendJson(target);
                break;
            default:
                throw new InvalidOperationException($"no value of a template: {value.GetType()}");
        }
    }

    /// <summary>The name of its Go type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "<nil>",
        bool => "bool",
        long => "int",
        double => "float64",
        string => "string",
        NumberText => "json.Number",
        GoStruct { IsPointer: true } v => "*" + v.TypeName,
        GoValue v => v.TypeName,
        _ => value.GetType().Name,
    };

    /// <summary>Whether {{if}} takes it as true: not zero and not empty.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or GoNil => false,
        bool b => b,
        long n => n != 0,
        double d => d != 0,
        string s => s.Length > 0,
        NumberText n => n.Text.Length > 0,
        GoList l => l.Items.Count > 0,
        GoMap m => m.Members.Count > 0,
        _ => true,
    };

    /// <summary>How many elements it has; null when it has none.</summary>
    public static long? Length(object? value) => value switch
    {
        string s => Encoding.UTF8.GetByteCount(s),
        NumberText n => n.Text.Length,
        GoList l => l.Items.Count,
        GoMap m => m.Members.Count,
        GoNil { Kind: NilKind.Map or NilKind.List } => 0,
        _ => null,
    };

    /// <summary>As an output of a template ({{.}}).</summary>
    public static string Print(object? value) => value is null ? "<no value>" : GoFormat.Value(value, pointers: false);

    public static string Integer(long value) => value.ToString(CultureInfo.InvariantCulture);
}
