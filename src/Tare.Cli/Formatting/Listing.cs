using System.Text;
using Tare.Cli.Commands;
using Tare.Cli.Io;
using Tare.Cli.Templates;

namespace Tare.Cli.Formatting;

/// <summary>Lists of objects by a format: <c>table</c>, <c>table TEMPLATE</c>, <c>json</c> or a template for each line.</summary>
internal static class Listing
{
    /// <param name="target">Takes the list.</param>
    /// <param name="format">The format.</param>
    /// <param name="headers">The titles of the columns.</param>
    /// <param name="rows">The objects.</param>
    /// <exception cref="CommandException">The format is malformed, or names what the objects do not have.</exception>
    public static void Write(Output target, string format, IReadOnlyDictionary<string, string> headers, IEnumerable<Row> rows)
    {
        var isTable = format.StartsWith("table", StringComparison.Ordinal);
        var text = isTable ? format["table".Length..] : format == "json" ? "{{json .}}" : format;
        text = text.Trim(' ').Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal);
        try
        {
            var template = Template.Parse(text);
            var lines = new StringBuilder();
            foreach (var row in rows)
            {
                template.Execute(lines, row);
                lines.Append('\n');
            }

            if (!isTable)
            {
                target.Write(lines.ToString());
                return;
            }

            var header = new StringBuilder();
            try
            {
                template.With(isHeader: true).Execute(header, new Headers(headers));
            }
            catch (TemplateException)
            {
                // A template may treat a value in ways that a title cannot be treated; the header ends there, as Docker's does.
            }

            var table = new StringBuilder();
            TabWriter.Align(table, header.Append('\n').Append(lines).ToString(), minimum: 10, padding: 3);
            target.Write(table.ToString());
        }
        catch (TemplateException e)
        {
            throw new CommandException($"template parsing error: {e.Message}");
        }
    }

    /// <summary>The titles, in place of an object.</summary>
    private sealed class Headers(IReadOnlyDictionary<string, string> titles) : GoStruct
    {
        public override string TypeName => "formatter.SubHeaderContext";

        public override IEnumerable<KeyValuePair<string, object?>> Fields => titles.Select(title => new KeyValuePair<string, object?>(title.Key, title.Value));

        public override bool TryGet(string name, out object? value)
        {
            value = titles.GetValueOrDefault(name, "<no value>");
            return name != "Label";
        }

        public override bool HasMethod(string name) => name == "Label";

        public override bool TryCall(string name, IReadOnlyList<object?> arguments, out object? value)
        {
            // The last part of a label's name, in words.
            value = name == "Label" && arguments is [string label] ? label[(label.LastIndexOf('.') + 1)..].Replace('-', ' ').Replace('_', ' ') : null;
            return value is not null;
        }
    }
}

/// <summary>An object of a list: named texts that are made when they are asked for.</summary>
internal sealed class Row(string typeName, IReadOnlyDictionary<string, Func<object?>> columns) : GoStruct
{
    /// <summary>The labels, for the method Label.</summary>
    public Func<string, string>? Label { get; init; }

    /// <summary>The columns that were asked for.</summary>
    public HashSet<string> Used { get; } = [];

    /// <summary>Whether the row is being written as JSON, where some columns say the same in another way.</summary>
    public bool IsJson { get; private set; }

    public override string TypeName => typeName;

    public override bool IsPointer => true;

    public override bool FieldsAreMethods => true;

    public override IEnumerable<KeyValuePair<string, object?>> Fields
        => columns.OrderBy(column => column.Key, StringComparer.Ordinal).Select(column => new KeyValuePair<string, object?>(column.Key, column.Value()));

    public override bool TryGet(string name, out object? value)
    {
        value = null;
        if (!columns.TryGetValue(name, out var column)) return false;
        Used.Add(name);
        value = column();
        return true;
    }

    public override bool HasMethod(string name) => name == "Label" && Label is not null;

    public override bool TryCall(string name, IReadOnlyList<object?> arguments, out object? value)
    {
        value = HasMethod(name) && arguments is [string label] ? Label!(label) : null;
        return value is not null;
    }

    public override void AppendJson(StringBuilder target)
    {
        Used.UnionWith(columns.Keys);
        IsJson = true;
        var start = target.Length;
        base.AppendJson(target);
        // Docker's rows are written by a function that makes them safe for HTML.
        var json = target.ToString(start, target.Length - start);
        target.Length = start;
        target.Append(json.Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal));
    }
}
