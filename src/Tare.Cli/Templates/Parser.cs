using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>
/// Parses a template of Go's text/template: actions, if, with, range, variables and pipelines. Definitions of templates within
/// templates (define, template, block) are refused.
/// </summary>
internal sealed class Parser
{
    private readonly List<Token> _tokens;
    private readonly Func<string, bool> _isFunction;
    private readonly List<string> _variables = ["$"];
    private int _at;
    private int _ranges;

    private Parser(string text, Func<string, bool> isFunction)
    {
        _tokens = Lexer.Run(text);
        _isFunction = isFunction;
    }

    private Token Current => _tokens[_at];

    /// <exception cref="TemplateException">It is malformed, or calls a function that does not exist.</exception>
    public static IReadOnlyList<Node> Parse(string text, Func<string, bool> isFunction)
    {
        var parser = new Parser(text, isFunction);
        var nodes = parser.List(out var terminator);
        return terminator.Kind == TokenKind.End ? nodes : throw parser.Error($"unexpected {{{{{terminator.Value}}}}}");
    }

    private TemplateException Error(string message) => new($"template: :{Current.Line}: {message}");

    private TemplateException Unexpected(Token token, string context) => Error($"unexpected {token} in {context}");

    private Token Next() => _tokens[Current.Kind == TokenKind.End ? _at : _at++];

    private Token SkipSpace()
    {
        while (Current.Kind == TokenKind.Space) _at++;
        return Current;
    }

    /// <summary>Nodes up to {{end}}, {{else}} or the end of the text.</summary>
    private List<Node> List(out Token terminator)
    {
        var nodes = new List<Node>();
        while (true)
        {
            var token = Next();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    nodes.Add(new TextNode(token.Position, token.Value));
                    break;
                case TokenKind.LeftDelimiter:
                    if (SkipSpace() is { Kind: TokenKind.Keyword, Value: "end" or "else" } end)
                    {
                        _at++;
                        terminator = end;
                        return nodes;
                    }

                    nodes.Add(Action());
                    break;
                default:
                    terminator = token;
                    return nodes;
            }
        }
    }

    private Node Action()
    {
        var token = Current;
        if (token.Kind != TokenKind.Keyword)
        {
            if (token.Kind == TokenKind.RightDelimiter) throw Error("missing value for command");
            return new ActionNode(token.Position, Pipeline("command", TokenKind.RightDelimiter));
        }

        _at++;
        switch (token.Value)
        {
            case "if":
                return Branch(token, BranchKind.If);
            case "with":
                return Branch(token, BranchKind.With);
            case "range":
                return Branch(token, BranchKind.Range);
            case "break" or "continue":
                if (SkipSpace().Kind != TokenKind.RightDelimiter) throw Unexpected(Current, $"{{{{{token.Value}}}}}");
                _at++;
                if (_ranges == 0) throw Error($"{{{{{token.Value}}}}} outside {{{{range}}}}");
                return new JumpNode(token.Position, token.Value == "break");
            default:
                throw Error($"{{{{{token.Value}}}}} is not supported in formats");
        }
    }

    private BranchNode Branch(Token keyword, BranchKind kind)
    {
        var depth = _variables.Count;
        var context = keyword.Value;
        var pipe = Pipeline(context, TokenKind.RightDelimiter, kind == BranchKind.Range);
        if (kind == BranchKind.Range) _ranges++;
        var list = List(out var terminator);
        if (kind == BranchKind.Range) _ranges--;
        List<Node>? otherwise = null;
        if (terminator is { Kind: TokenKind.Keyword, Value: "else" })
        {
            // {{else if x}} and {{else with x}} stand for a nested branch without an end of its own.
            if (SkipSpace() is { Kind: TokenKind.Keyword, Value: "if" or "with" } again && again.Value == context)
            {
                _at++;
                otherwise = [Branch(again, again.Value == "if" ? BranchKind.If : BranchKind.With)];
                _variables.RemoveRange(depth, _variables.Count - depth);
                return new BranchNode(keyword.Position, kind, pipe, list, otherwise);
            }

            Close("else");
            otherwise = List(out terminator);
        }

        if (terminator is not { Kind: TokenKind.Keyword, Value: "end" })
            throw Error(terminator.Kind == TokenKind.End ? "unexpected EOF" : $"expected end; found {{{{{terminator.Value}}}}}");
        Close("end");
        _variables.RemoveRange(depth, _variables.Count - depth);
        return new BranchNode(keyword.Position, kind, pipe, list, otherwise);
    }

    private void Close(string context)
    {
        if (SkipSpace().Kind != TokenKind.RightDelimiter) throw Unexpected(Current, context);
        _at++;
    }

    private PipeNode Pipeline(string context, TokenKind end, bool isRange = false)
    {
        var position = SkipSpace().Position;
        var (variables, assigns) = Declarations(context, isRange);
        var commands = new List<CommandNode>();
        while (true)
        {
            var token = SkipSpace();
            if (token.Kind == end)
            {
                if (commands.Count == 0) throw Error($"missing value for {context}");
                _at++;
                // A constant can only begin a pipeline.
                for (var i = 1; i < commands.Count; i++)
                {
                    if (commands[i].Words[0] is ConstantNode or DotNode or NilNode)
                        throw Error($"non executable command in pipeline stage {i + 1}");
                }

                if (!assigns) _variables.AddRange(variables);
                return new PipeNode(position, variables, assigns, commands);
            }

            if (token.Kind is TokenKind.Character or TokenKind.Pipe or TokenKind.Comma or TokenKind.Assign or TokenKind.Declare or TokenKind.RightParenthesis or TokenKind.RightDelimiter or TokenKind.Keyword or TokenKind.End)
                throw Unexpected(token, context);
            commands.Add(Command());
        }
    }

    private (List<string> Variables, bool Assigns) Declarations(string context, bool isRange)
    {
        var variables = new List<string>();
        var start = _at;
        while (SkipSpace() is { Kind: TokenKind.Variable } variable)
        {
            _at++;
            var next = SkipSpace();
            if (next.Kind is TokenKind.Declare or TokenKind.Assign)
            {
                _at++;
                variables.Add(variable.Value);
                if (next.Kind == TokenKind.Assign && !_variables.Contains(variable.Value)) throw Error($"undefined variable {GoText.Quote(variable.Value)}");
                return (variables, next.Kind == TokenKind.Assign);
            }

            if (next.Kind == TokenKind.Comma && isRange && variables.Count == 0)
            {
                _at++;
                variables.Add(variable.Value);
                continue;
            }

            if (next.Kind == TokenKind.Comma) throw Error($"too many declarations in {context}");
            break;
        }

        _at = start;
        return ([], false);
    }

    private CommandNode Command()
    {
        var position = SkipSpace().Position;
        var words = new List<Node>();
        while (true)
        {
            SkipSpace();
            if (Operand() is { } word) words.Add(word);
            var token = Current;
            switch (token.Kind)
            {
                case TokenKind.Space:
                    _at++;
                    continue;
                case TokenKind.RightDelimiter or TokenKind.RightParenthesis:
                    break;
                case TokenKind.Pipe:
                    _at++;
                    break;
                default:
                    throw Unexpected(token, "operand");
            }

            return words.Count > 0 ? new CommandNode(position, words) : throw Error("empty command");
        }
    }

    /// <summary>A term and the fields behind it.</summary>
    private Node? Operand()
    {
        var node = Term();
        if (node is null || Current.Kind != TokenKind.Field) return node;
        var position = Current.Position;
        var fields = new List<string>();
        while (Current.Kind == TokenKind.Field) fields.Add(Next().Value[1..]);
        return node switch
        {
            FieldNode field => new FieldNode(position, [.. field.Names, .. fields]),
            VariableNode variable => new VariableNode(position, variable.Name, fields),
            ConstantNode or NilNode or DotNode => throw Error($"unexpected . after term {GoText.Quote(node.ToString()!)}"),
            _ => new ChainNode(position, node, fields),
        };
    }

    private Node? Term()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Identifier:
                _at++;
                return _isFunction(token.Value) ? new IdentifierNode(token.Position, token.Value) : throw Error($"function {GoText.Quote(token.Value)} not defined");
            case TokenKind.Dot:
                _at++;
                return new DotNode(token.Position);
            case TokenKind.Nil:
                _at++;
                return new NilNode(token.Position);
            case TokenKind.Variable:
                _at++;
                return _variables.Contains(token.Value) ? new VariableNode(token.Position, token.Value, []) : throw Error($"undefined variable {GoText.Quote(token.Value)}");
            case TokenKind.Field:
                _at++;
                return new FieldNode(token.Position, [token.Value[1..]]);
            case TokenKind.Bool:
                _at++;
                return ConstantNode.Bool(token.Position, token.Value == "true");
            case TokenKind.Number:
                _at++;
                return ConstantNode.Number(token.Position, token.Value) ?? throw Error($"bad number syntax: {GoText.Quote(token.Value)}");
            case TokenKind.Text1:
                _at++;
                return GoText.TryUnquote(token.Value, out var text) ? ConstantNode.Text(token.Position, text, token.Value) : throw Error("invalid syntax");
            case TokenKind.LeftParenthesis:
                _at++;
                return Pipeline("parenthesized pipeline", TokenKind.RightParenthesis);
            default:
                return null;
        }
    }
}
