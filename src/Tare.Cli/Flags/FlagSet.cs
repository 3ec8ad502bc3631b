using System.Text;
using Tare.Cli.Formatting;

namespace Tare.Cli.Flags;

/// <summary>
/// The options of a command and their parser, which behaves as pflag does: <c>--name value</c>, <c>--name=value</c>, <c>-abc</c>,
/// <c>-n=value</c>, <c>-nvalue</c>, switches that take a value only behind an equals sign, and <c>--</c>.
/// </summary>
internal sealed class FlagSet
{
    private readonly List<Flag> _flags = [];

    /// <summary>Whether options may stand behind arguments. Not where the arguments are a command line of their own.</summary>
    public bool Interspersed { get; set; } = true;

    /// <summary>Whether one dash may stand before a whole name too, as Go's own parser has it.</summary>
    public bool LongByOneDash { get; init; }

    /// <summary>All options, in the order they were added.</summary>
    public IReadOnlyList<Flag> All => _flags;

    public T Add<T>(T flag)
        where T : Flag
    {
        _flags.Add(flag);
        return flag;
    }

    public SwitchFlag Switch(string name, string usage, char shorthand = '\0', bool initial = false) => Add(new SwitchFlag(name, shorthand, usage, initial));

    public TextFlag Text(string name, string usage, char shorthand = '\0', string initial = "") => Add(new TextFlag(name, shorthand, usage, initial));

    public NumberFlag Number(string name, string usage, char shorthand = '\0', long initial = 0) => Add(new NumberFlag(name, shorthand, usage, initial));

    public ListFlag List(string name, string usage, char shorthand = '\0', ListFlag.Check? check = null) => Add(new ListFlag(name, shorthand, usage, check));

    /// <summary>Reads the options; returns the arguments.</summary>
    /// <param name="words">The command line behind the command's name.</param>
    /// <param name="warn">Takes warnings about deprecated options.</param>
    /// <exception cref="FlagException">An option is unknown, or its value wrong.</exception>
    /// <exception cref="HelpRequestedException">Help was asked for, and no option of that name is defined.</exception>
    public List<string> Parse(ReadOnlySpan<string> words, Action<string> warn)
    {
        var arguments = new List<string>();
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word is not ['-', _, ..])
            {
                if (!Interspersed)
                {
                    arguments.AddRange(words[i..]);
                    return arguments;
                }

                arguments.Add(word);
                continue;
            }

            if (word == "--")
            {
                arguments.AddRange(words[(i + 1)..]);
                return arguments;
            }

            if (word[1] == '-' || (LongByOneDash && IsName(word.AsSpan(1)))) i = Long(words, i, warn);
            else i = Short(words, i, warn);
        }

        return arguments;
    }

    public Flag? Find(string name)
    {
        foreach (var flag in _flags)
        {
            if (flag.Name == name) return flag;
        }

        return null;
    }

    private bool IsName(ReadOnlySpan<char> word)
    {
        var equals = word.IndexOf('=');
        var name = equals < 0 ? word : word[..equals];
        foreach (var flag in _flags)
        {
            if (name.Length > 1 && name.SequenceEqual(flag.Name)) return true;
        }

        return false;
    }

    private Flag? Find(char shorthand)
    {
        foreach (var flag in _flags)
        {
            if (flag.Shorthand == shorthand) return flag;
        }

        return null;
    }

    private int Long(ReadOnlySpan<string> words, int at, Action<string> warn)
    {
        var word = words[at];
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        var dashes = word[1] == '-' ? 2 : 1;
        var name = equals < 0 ? word[dashes..] : word[dashes..equals];
        if (name.Length == 0 || name[0] == '-') throw new FlagException($"bad flag syntax: {word}");
        var flag = Find(name) ?? throw (name == "help" ? new HelpRequestedException() : new FlagException($"unknown flag: --{name}"));
        if (equals >= 0) Set(flag, word[(equals + 1)..], warn);
        else if (flag.Alone is { } alone) Set(flag, alone, warn);
        else if (at + 1 < words.Length) Set(flag, words[++at], warn);
        else throw new FlagException($"flag needs an argument: {word}");
        return at;
    }

    private int Short(ReadOnlySpan<string> words, int at, Action<string> warn)
    {
        var letters = words[at].AsSpan(1);
        while (!letters.IsEmpty)
        {
            var letter = letters[0];
            var flag = Find(letter);
            if (flag is null)
            {
                if (letter == 'h')
                {
                    warn("Flag shorthand -h has been deprecated, use --help");
                    throw new HelpRequestedException();
                }

                throw new FlagException($"unknown shorthand flag: {GoText.QuoteCharacter(new Rune(char.IsSurrogate(letter) ? '\uFFFD' : letter))} in -{letters}");
            }

            if (letters.Length > 2 && letters[1] == '=')
            {
                Set(flag, letters[2..].ToString(), warn);
                break;
            }

            if (flag.Alone is { } alone)
            {
                Set(flag, alone, warn);
                letters = letters[1..];
                continue;
            }

            if (letters.Length > 1) Set(flag, letters[1..].ToString(), warn);
            else if (at + 1 < words.Length) Set(flag, words[++at], warn);
            else throw new FlagException($"flag needs an argument: {GoText.QuoteCharacter(new Rune(letter))} in -{letters}");
            break;
        }

        return at;
    }

    private static void Set(Flag flag, string value, Action<string> warn)
    {
        if (flag.Set(value) is { } error)
        {
            var name = flag.Shorthand != 0 ? $"-{flag.Shorthand}, --{flag.Name}" : $"--{flag.Name}";
            throw new FlagException($"invalid argument {GoText.Quote(value)} for {GoText.Quote(name)} flag: {error}");
        }

        flag.Given = true;
        if (flag.Deprecated is { } instead) warn($"Flag --{flag.Name} has been deprecated, {instead}");
    }
}

/// <summary>An option that is unknown or has a wrong value. The message is pflag's.</summary>
internal sealed class FlagException(string message) : Exception(message);

/// <summary>--help was given.</summary>
internal sealed class HelpRequestedException() : Exception("help requested");
