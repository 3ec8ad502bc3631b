using System.Globalization;
using System.Text;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>A part of a parsed template. Its text is what Go's text/template shows in error messages.</summary>
internal abstract class Node(int position)
{
    /// <summary>The offset in the template, in UTF-16 units.</summary>
    public int Position => position;
}

internal sealed class TextNode(int position, string text) : Node(position)
{
    public string Text => text;
}

/// <summary>{{pipeline}}</summary>
internal sealed class ActionNode(int position, PipeNode pipe) : Node(position)
{
    public PipeNode Pipe => pipe;
}

internal enum BranchKind
{
    If,
    With,
    Range,
}

/// <summary>{{if}}, {{with}}, {{range}}, each with an optional {{else}}.</summary>
internal sealed class BranchNode(int position, BranchKind kind, PipeNode pipe, IReadOnlyList<Node> list, IReadOnlyList<Node>? otherwise) : Node(position)
{
    public BranchKind Kind => kind;

    public PipeNode Pipe => pipe;

    public IReadOnlyList<Node> List => list;

    public IReadOnlyList<Node>? Otherwise => otherwise;
}

/// <summary>{{break}} and {{continue}}.</summary>
internal sealed class JumpNode(int position, bool isBreak) : Node(position)
{
    public bool IsBreak => isBreak;
}

/// <summary>Commands joined by <c>|</c>, with variables that take the result.</summary>
internal sealed class PipeNode(int position, IReadOnlyList<string> variables, bool assigns, IReadOnlyList<CommandNode> commands) : Node(position)
{
    /// <summary>With their dollar sign; at most two.</summary>
    public IReadOnlyList<string> Variables => variables;

    /// <summary>Whether they exist already (<c>=</c> instead of <c>:=</c>).</summary>
    public bool Assigns => assigns;

    public IReadOnlyList<CommandNode> Commands => commands;

    public override string ToString()
    {
        var text = new StringBuilder();
        if (variables.Count > 0) text.AppendJoin(", ", variables).Append(assigns ? " = " : " := ");
        return text.AppendJoin(" | ", commands).ToString();
    }
}

/// <summary>A function or value and its arguments.</summary>
internal sealed class CommandNode(int position, IReadOnlyList<Node> words) : Node(position)
{
    public IReadOnlyList<Node> Words => words;

    public override string ToString()
    {
        var text = new StringBuilder();
        for (var i = 0; i < words.Count; i++)
        {
            if (i > 0) text.Append(' ');
            if (words[i] is PipeNode) text.Append('(').Append(words[i]).Append(')');
            else text.Append(words[i]);
        }

        return text.ToString();
    }
}

internal sealed class DotNode(int position) : Node(position)
{
    public override string ToString() => ".";
}

internal sealed class NilNode(int position) : Node(position)
{
    public override string ToString() => "nil";
}

/// <summary>A function's name.</summary>
internal sealed class IdentifierNode(int position, string name) : Node(position)
{
    public string Name => name;

    public override string ToString() => name;
}

/// <summary>.Field.Field</summary>
internal sealed class FieldNode(int position, IReadOnlyList<string> names) : Node(position)
{
    public IReadOnlyList<string> Names => names;

    public override string ToString() => "." + string.Join('.', names);
}

/// <summary>$variable.Field</summary>
internal sealed class VariableNode(int position, string name, IReadOnlyList<string> fields) : Node(position)
{
    public string Name => name;

    public IReadOnlyList<string> Fields => fields;

    public override string ToString() => fields.Count == 0 ? name : $"{name}.{string.Join('.', fields)}";
}

/// <summary>(pipeline).Field</summary>
internal sealed class ChainNode(int position, Node inner, IReadOnlyList<string> fields) : Node(position)
{
    public Node Inner => inner;

    public IReadOnlyList<string> Fields => fields;

    public override string ToString() => (inner is PipeNode ? $"({inner})" : inner.ToString()) + "." + string.Join('.', fields);
}

/// <summary>A bool, number or string in the template.</summary>
internal sealed class ConstantNode(int position, object value, string text) : Node(position)
{
    public object Value => value;

    public override string ToString() => text;

    public static ConstantNode Text(int position, string value, string quoted) => new(position, value, quoted);

    public static ConstantNode Bool(int position, bool value) => new(position, value, value ? "true" : "false");

    /// <summary>A number or character as Go writes them; null when it is none.</summary>
    public static ConstantNode? Number(int position, string text)
    {
        if (text.Length > 2 && text[0] == '\'' && GoText.TryUnquote(text, out var character)) return new ConstantNode(position, (long)char.ConvertToUtf32(character, 0), text);
        if (GoText.TryParseInteger(text, out var integer)) return new ConstantNode(position, integer, text);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && text.Any(char.IsAsciiDigit) ? new ConstantNode(position, real, text) : null;
    }
}
