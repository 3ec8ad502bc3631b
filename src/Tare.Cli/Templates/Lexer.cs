using System.Text;

namespace Tare.Cli.Templates;

internal enum TokenKind
{
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Identifier,
    Keyword,
    Field,
    Variable,
    Dot,
    Nil,
    Bool,
    Number,
    Text1,
    Pipe,
    Comma,
    Assign,
    Declare,
    LeftParenthesis,
    RightParenthesis,
    Character,
    End,
}

/// <summary>A piece of a template, where it begins, and the line it is in.</summary>
internal readonly record struct Token(TokenKind Kind, int Position, string Value, int Line)
{
    /// <summary>As error messages show it.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.End => "EOF",
        TokenKind.Keyword => $"<{Value}>",
        _ when Value.Length > 10 => Formatting.GoText.Quote(Value[..10]) + "...",
        _ => Formatting.GoText.Quote(Value),
    };
}

/// <summary>Cuts a template into tokens, as Go's text/template does: trim markers, comments, fields glued to their dots.</summary>
internal sealed class Lexer(string text)
{
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;

    public static List<Token> Run(string text)
    {
        var lexer = new Lexer(text);
        lexer.Everything();
        return lexer._tokens;
    }

    private void Everything()
    {
        var trimLeft = false;
        while (true)
        {
            var open = text.IndexOf("{{", _at, StringComparison.Ordinal);
            var piece = open < 0 ? text[_at..] : text[_at..open];
            var shown = trimLeft ? piece.TrimStart(' ', '\t', '\r', '\n') : piece;
            var trimRight = open >= 0 && IsTrimMarker(open + 2);
            if (trimRight) shown = shown.TrimEnd(' ', '\t', '\r', '\n');
            if (shown.Length > 0) Add(TokenKind.Text, _at, shown);
            _line += piece.AsSpan().Count('\n');
            if (open < 0) break;
            _at = open + 2;
            var start = trimRight ? _at + 2 : _at;
            if (text.AsSpan(start).StartsWith("/*"))
            {
                trimLeft = Comment(start);
                continue;
            }

            Add(TokenKind.LeftDelimiter, open, "{{");
            _at = start;
            trimLeft = Action();
        }

        Add(TokenKind.End, text.Length, "");
    }

    /// <summary>{{- needs white space behind it, and  -}} before it.</summary>
    private bool IsTrimMarker(int at) => at + 1 < text.Length && text[at] == '-' && char.IsWhiteSpace(text[at + 1]);

    private bool Comment(int start)
    {
        var close = text.IndexOf("*/", start, StringComparison.Ordinal);
        if (close < 0) throw Error("unclosed comment");
        _line += text.AsSpan(start, close - start).Count('\n');
        _at = close + 2;
        var trim = text.AsSpan(_at).StartsWith(" -}}");
        if (trim) _at += 2;
        if (!text.AsSpan(_at).StartsWith("}}")) throw Error("comment ends before closing delimiter");
        _at += 2;
        return trim;
    }

    /// <summary>Reads to the closing delimiter; true when it trims what follows.</summary>
    private bool Action()
    {
        var depth = 0;
        while (true)
        {
            if (_at >= text.Length) throw Error("unclosed action");
            var trim = text.AsSpan(_at).StartsWith(" -}}") || text.AsSpan(_at).StartsWith("\t-}}") || text.AsSpan(_at).StartsWith("\n-}}");
            if (trim || text.AsSpan(_at).StartsWith("}}"))
            {
                if (depth > 0) throw Error("unclosed left paren");
                if (trim) _at += 2;
                Add(TokenKind.RightDelimiter, _at, "}}");
                _at += 2;
                return trim;
            }

            var start = _at;
            var c = text[_at++];
            switch (c)
            {
                case ' ' or '\t' or '\r' or '\n':
                    while (_at < text.Length && char.IsWhiteSpace(text[_at]) && !EndsHere(_at)) _at++;
                    Add(TokenKind.Space, start, text[start.._at]);
                    _line += text.AsSpan(start, _at - start).Count('\n');
                    break;
                case '=':
                    Add(TokenKind.Assign, start, "=");
                    break;
                case ':' when _at < text.Length && text[_at] == '=':
                    _at++;
                    Add(TokenKind.Declare, start, ":=");
                    break;
                case ':':
                    throw Error("expected :=");
                case '|':
                    Add(TokenKind.Pipe, start, "|");
                    break;
                case '"':
                    Quoted(start, '"', "unterminated quoted string");
                    break;
                case '`':
                    var end = text.IndexOf('`', _at);
                    if (end < 0) throw Error("unterminated raw quoted string");
                    _at = end + 1;
                    Add(TokenKind.Text1, start, text[start.._at]);
                    break;
                case '\'':
                    Quoted(start, '\'', "unterminated character constant");
                    break;
                case '$':
                    while (_at < text.Length && IsWord(text[_at])) _at++;
                    Add(TokenKind.Variable, start, text[start.._at]);
                    Terminated();
                    break;
                case '.' when _at >= text.Length:
                    throw Error("illegal number syntax: \".\"");
                case '.' when !char.IsAsciiDigit(text[_at]):
                    while (_at < text.Length && IsWord(text[_at])) _at++;
                    Add(_at - start == 1 ? TokenKind.Dot : TokenKind.Field, start, text[start.._at]);
                    Terminated();
                    break;
                case '(':
                    depth++;
                    Add(TokenKind.LeftParenthesis, start, "(");
                    break;
                case ')':
                    if (--depth < 0) throw Error("unexpected right paren");
                    Add(TokenKind.RightParenthesis, start, ")");
                    break;
                case '.' or '+' or '-' or (>= '0' and <= '9'):
                    while (_at < text.Length && (IsWord(text[_at]) || text[_at] == '.' || (text[_at] is '+' or '-' && text[_at - 1] is 'e' or 'E' or 'p'))) _at++;
                    if (ConstantNode.Number(start, text[start.._at]) is null) throw Error($"bad number syntax: {Formatting.GoText.Quote(text[start.._at])}");
                    Add(TokenKind.Number, start, text[start.._at]);
                    break;
                default:
                    if (!IsWord(c))
                    {
                        if (c < 0x80 && !char.IsControl(c)) Add(c == ',' ? TokenKind.Comma : TokenKind.Character, start, c.ToString());
                        else throw Error($"unrecognized character in action: {Formatting.GoText.Unicode(new Rune(char.IsSurrogate(c) ? '\uFFFD' : c))}");
                        break;
                    }

                    while (_at < text.Length && IsWord(text[_at])) _at++;
                    Add(Classify(text[start.._at]), start, text[start.._at]);
                    Terminated();
                    break;
            }
        }
    }

    private static TokenKind Classify(string word) => word switch
    {
        "nil" => TokenKind.Nil,
        "true" or "false" => TokenKind.Bool,
        "if" or "else" or "end" or "range" or "with" or "break" or "continue" or "template" or "define" or "block" => TokenKind.Keyword,
        _ => TokenKind.Identifier,
    };

    private static bool IsWord(char c) => c == '_' || char.IsLetterOrDigit(c);

    /// <summary>A word may only be followed by what cannot belong to it.</summary>
    private void Terminated()
    {
        if (_at >= text.Length || text[_at] is ' ' or '\t' or '\r' or '\n' or '.' or ',' or '|' or ':' or ')' or '(' || text.AsSpan(_at).StartsWith("}}")) return;
        var bad = text[_at];
        throw Error($"bad character {Formatting.GoText.Unicode(new Rune(char.IsSurrogate(bad) ? '\uFFFD' : bad))}");
    }

    private bool EndsHere(int at) => text.AsSpan(at).StartsWith(" -}}");

    private void Quoted(int start, char quote, string error)
    {
        for (; _at < text.Length && text[_at] != '\n'; _at++)
        {
            if (text[_at] == '\\')
            {
                _at++;
                continue;
            }

            if (text[_at] != quote) continue;
            _at++;
            Add(quote == '"' ? TokenKind.Text1 : TokenKind.Number, start, text[start.._at]);
            return;
        }

        throw Error(error);
    }

    private void Add(TokenKind kind, int position, string value) => _tokens.Add(new Token(kind, position, value, _line));

    private TemplateException Error(string message) => new($"template: :{_line}: {message}");
}
