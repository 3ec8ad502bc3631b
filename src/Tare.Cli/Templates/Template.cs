using System.Text;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>A parsed template, to be executed on values: the part of Go's text/template that formats are written in.</summary>
internal sealed class Template
{
    private readonly string _text;
    private readonly string _name;
    private readonly IReadOnlyList<Node> _nodes;

    private Template(string text, string name, IReadOnlyList<Node> nodes)
    {
        _text = text;
        _name = name;
        _nodes = nodes;
    }

    /// <summary>Whether a missing key of a map is an error, instead of <c>&lt;no value&gt;</c>.</summary>
    public bool MissingKeyIsError { get; init; }

    /// <summary>Whether Docker's functions leave their text as it is, to make a table's header.</summary>
    public bool IsHeader { get; init; }

    /// <exception cref="TemplateException">It is malformed.</exception>
    public static Template Parse(string text, string name = "", Func<string, bool>? moreFunctions = null)
    {
        try
        {
            return new Template(text, name, Parser.Parse(text, function => Functions.Exists(function) || moreFunctions?.Invoke(function) == true));
        }
        catch (TemplateException e) when (name.Length > 0)
        {
            throw new TemplateException(e.Message.Replace("template: :", $"template: {name}:", StringComparison.Ordinal));
        }
    }

    /// <summary>The same template with other options.</summary>
    public Template With(bool missingKeyIsError = false, bool isHeader = false) => new(_text, _name, _nodes) { MissingKeyIsError = missingKeyIsError, IsHeader = isHeader };

    /// <exception cref="TemplateException">It does not fit the value. What was made so far stays in the target.</exception>
    public void Execute(StringBuilder target, object? data) => new Run(this, target, data).Walk(data, _nodes);

    public string Execute(object? data)
    {
        var target = new StringBuilder();
        Execute(target, data);
        return target.ToString();
    }

    private enum Jump
    {
        None,
        Break,
        Continue,
    }

    /// <summary>One execution.</summary>
    private sealed class Run(Template template, StringBuilder target, object? data)
    {
        private readonly List<KeyValuePair<string, object?>> _variables = [new("$", data)];

        public Jump Walk(object? dot, IReadOnlyList<Node> nodes)
        {
            foreach (var node in nodes)
            {
                var jump = Walk(dot, node);
                if (jump != Jump.None) return jump;
            }

            return Jump.None;
        }

        private Jump Walk(object? dot, Node node)
        {
            switch (node)
            {
                case TextNode text:
                    target.Append(text.Text);
                    return Jump.None;
                case ActionNode action:
                    var value = Pipeline(dot, action.Pipe);
                    if (action.Pipe.Variables.Count == 0) target.Append(Values.Print(value));
                    return Jump.None;
                case JumpNode jump:
                    return jump.IsBreak ? Jump.Break : Jump.Continue;
                case BranchNode { Kind: BranchKind.Range } range:
                    return Range(dot, range);
                case BranchNode branch:
                    var depth = _variables.Count;
                    var condition = Pipeline(dot, branch.Pipe);
                    var result = Jump.None;
                    if (Values.IsTrue(condition)) result = Walk(branch.Kind == BranchKind.With ? condition : dot, branch.List);
                    else if (branch.Otherwise is not null) result = Walk(dot, branch.Otherwise);
                    _variables.RemoveRange(depth, _variables.Count - depth);
                    return result;
                default:
                    throw Error(node, "unknown node");
            }
        }

        private Jump Range(object? dot, BranchNode node)
        {
            var depth = _variables.Count;
            var value = Pipeline(dot, node.Pipe);
            IEnumerable<KeyValuePair<object?, object?>> items = value switch
            {
                GoList list => list.Items.Select((item, i) => new KeyValuePair<object?, object?>((long)i, item)),
                GoMap map => map.Members.Select(member => new KeyValuePair<object?, object?>(member.Key, member.Value)),
                null or GoNil { Kind: not NilKind.Pointer } => [],
                long count => Enumerable.Range(0, (int)Math.Clamp(count, 0, int.MaxValue)).Select(i => new KeyValuePair<object?, object?>((long)i, (long)i)),
                _ => throw Error(node.Pipe.Commands[^1].Words[0], $"range can't iterate over {Values.Print(value)}"),
            };
            var any = false;
            var mark = _variables.Count;
            foreach (var (key, item) in items)
            {
                any = true;
                if (node.Pipe.Variables is [var first, var second])
                {
                    Set(first, key, node.Pipe.Assigns);
                    Set(second, item, node.Pipe.Assigns);
                }
                else if (node.Pipe.Variables is [var only])
                {
                    Set(only, item, node.Pipe.Assigns);
                }

                var jump = Walk(item, node.List);
                _variables.RemoveRange(mark, _variables.Count - mark);
                if (jump == Jump.Break) break;
            }

            var result = !any && node.Otherwise is not null ? Walk(dot, node.Otherwise) : Jump.None;
            _variables.RemoveRange(depth, _variables.Count - depth);
            return result;
        }

        private void Set(string name, object? value, bool assigns)
        {
            if (assigns)
            {
                for (var i = _variables.Count - 1; i >= 0; i--)
                {
                    if (_variables[i].Key != name) continue;
                    _variables[i] = new(name, value);
                    return;
                }
            }

            _variables.Add(new(name, value));
        }

        private object? Pipeline(object? dot, PipeNode pipe)
        {
            object? value = null;
            for (var i = 0; i < pipe.Commands.Count; i++) value = Command(dot, pipe.Commands[i], value, i > 0);
            foreach (var variable in pipe.Variables) Set(variable, value, pipe.Assigns);
            return value;
        }

        private object? Command(object? dot, CommandNode command, object? final, bool hasFinal)
        {
            var first = command.Words[0];
            switch (first)
            {
                case IdentifierNode function:
                    return Call(dot, function, command, final, hasFinal);
                case FieldNode field:
                    return Fields(dot, dot, field, field.Names, Arguments(dot, command, final, hasFinal));
                case ChainNode chain:
                    if (chain.Inner is NilNode) throw Error(chain, "indirection through explicit nil in " + chain);
                    return Fields(dot, Argument(dot, chain.Inner), chain, chain.Fields, Arguments(dot, command, final, hasFinal));
                case VariableNode variable:
                    return Fields(dot, Variable(variable), variable, variable.Fields, Arguments(dot, command, final, hasFinal));
                case PipeNode inner:
                    NoArguments(command, hasFinal, inner);
                    return Pipeline(dot, inner);
                case NilNode:
                    throw Error(first, "nil is not a command");
                default:
                    NoArguments(command, hasFinal, first);
                    return first is DotNode ? dot : ((ConstantNode)first).Value;
            }
        }

        private void NoArguments(CommandNode command, bool hasFinal, Node node)
        {
            if (command.Words.Count > 1 || hasFinal) throw Error(node, $"can't give argument to non-function {node}");
        }

        private object? Variable(VariableNode node)
        {
            for (var i = _variables.Count - 1; i >= 0; i--)
            {
                if (_variables[i].Key == node.Name) return _variables[i].Value;
            }

            throw Error(node, $"undefined variable: {node.Name}");
        }

        private List<object?> Arguments(object? dot, CommandNode command, object? final, bool hasFinal)
        {
            var arguments = new List<object?>();
            for (var i = 1; i < command.Words.Count; i++) arguments.Add(Argument(dot, command.Words[i]));
            if (hasFinal) arguments.Add(final);
            return arguments;
        }

        private object? Argument(object? dot, Node node) => node switch
        {
            DotNode => dot,
            NilNode => null,
            ConstantNode constant => constant.Value,
            FieldNode field => Fields(dot, dot, field, field.Names, []),
            VariableNode variable => Fields(dot, Variable(variable), variable, variable.Fields, []),
            PipeNode pipe => Pipeline(dot, pipe),
            ChainNode chain => Fields(dot, Argument(dot, chain.Inner), chain, chain.Fields, []),
            IdentifierNode function => Call(dot, function, new CommandNode(function.Position, [function]), null, false),
            _ => throw Error(node, "can't handle argument"),
        };

        private object? Call(object? dot, IdentifierNode function, CommandNode command, object? final, bool hasFinal)
        {
            var name = function.Name;
            if (name is "and" or "or")
            {
                // The first argument that decides is the result; later ones are not evaluated.
                object? value = null;
                for (var i = 1; i < command.Words.Count; i++)
                {
                    value = Argument(dot, command.Words[i]);
                    if (Values.IsTrue(value) == (name == "or")) return value;
                }

                if (command.Words.Count == 1 && !hasFinal) throw Error(command, $"wrong number of args for {name}: want at least 1 got 0", function);
                return hasFinal ? final : value;
            }

            var arguments = Arguments(dot, command, final, hasFinal);
            try
            {
                return name == "getDetailsOrder" ? DetailsOrder(arguments[0]) : Functions.Call(name, arguments, template.IsHeader);
            }
            catch (FunctionException e) when (e.IsCount)
            {
                throw Error(command, $"wrong number of args for {name}: {e.Message}", function);
            }
            catch (FunctionException e) when (e.IsMismatch)
            {
                // What came through a pipe has no node of its own.
                var at = e.Argument + 1 < command.Words.Count ? command.Words[e.Argument + 1] : function;
                throw Error(at, at is ConstantNode && e.Constant is { } kind ? $"expected {kind}; found {at}" : e.Message);
            }
            catch (FunctionException e)
            {
                throw Error(command, $"error calling {name}: {e.Message}");
            }
        }

        private static GoList DetailsOrder(object? component)
        {
            object? details = null;
            (component as GoStruct)?.TryGet("Details", out details);
            return new GoList(details is GoMap map ? [.. map.Members.Select(member => (object?)member.Key)] : []);
        }

        /// <summary>Follows a chain of fields; arguments go to the last one.</summary>
        private object? Fields(object? dot, object? receiver, Node node, IReadOnlyList<string> names, List<object?> arguments)
        {
            if (names.Count == 0)
            {
                if (arguments.Count > 0) throw Error(node, $"can't give argument to non-function {node}");
                return receiver;
            }

            for (var i = 0; i < names.Count; i++) receiver = Field(receiver, node, names[i], i == names.Count - 1 ? arguments : []);
            return receiver;
        }

        private object? Field(object? receiver, Node node, string name, List<object?> arguments)
        {
            switch (receiver)
            {
                case null:
                    throw Error(node, template.MissingKeyIsError || node is FieldNode { Names.Count: > 1 } or VariableNode or ChainNode
                        ? $"nil pointer evaluating interface {{}}.{name}" : $"nil data; no entry for key {GoText.Quote(name)}");
                case GoStruct value when arguments.Count > 0 || (value.HasMethod(name) && !value.TryGet(name, out _)):
                    if (value.TryCall(name, arguments, out var called)) return called;
                    throw Error(node, value.HasMethod(name) ? $"wrong number of args for {name}: want 1 got {arguments.Count}"
                        : !value.TryGet(name, out _) ? $"can't evaluate field {name} in type {Values.TypeName(value)}"
                        : value.FieldsAreMethods ? $"wrong number of args for {name}: want 0 got {arguments.Count}" : $"{name} has arguments but cannot be invoked as function");
                case GoStruct value:
                    return value.TryGet(name, out var field) ? field : throw Error(node, $"can't evaluate field {name} in type {Values.TypeName(value)}");
                case GoMap map:
                    if (arguments.Count > 0) throw Error(node, $"{name} is not a method but has arguments");
                    if (map.TryGet(name, out var found)) return found;
                    return template.MissingKeyIsError ? throw Error(node, $"map has no entry for key {GoText.Quote(name)}") : null;
                case GoNil { Kind: NilKind.Map }:
                    return template.MissingKeyIsError ? throw Error(node, $"map has no entry for key {GoText.Quote(name)}") : null;
                case GoNil { Kind: NilKind.Pointer } nil:
                    throw Error(node, $"nil pointer evaluating *{nil.TypeName}.{name}");
                default:
                    throw Error(node, $"can't evaluate field {name} in type {FieldType(receiver)}");
            }
        }

        /// <summary>In a document that is read without types, values are seen through an interface.</summary>
        private string FieldType(object? receiver) => template.MissingKeyIsError && receiver is string or NumberText or bool or GoList { TypeName: "[]interface {}" } ? "interface {}" : Values.TypeName(receiver);

        private TemplateException Error(Node node, string message, Node? at = null)
        {
            var before = template._text.AsSpan(0, Math.Min((at ?? node).Position, template._text.Length));
            var line = before.LastIndexOf('\n');
            var column = Encoding.UTF8.GetByteCount(before[(line + 1)..]);
            return new TemplateException($"template: {template._name}:{before.Count('\n') + 1}:{column}: executing {GoText.Quote(template._name)} at <{at ?? node}>: {message}");
        }
    }
}
