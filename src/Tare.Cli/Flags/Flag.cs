using System.Globalization;
using Tare.Cli.Formatting;

namespace Tare.Cli.Flags;

/// <summary>One option of a command, with the behaviour of a flag of pflag, Docker's parser.</summary>
internal abstract class Flag(string name, char shorthand, string usage)
{
    /// <summary>Without dashes.</summary>
    public string Name => name;

    /// <summary>One letter; zero without one.</summary>
    public char Shorthand => shorthand;

    /// <summary>For the help; words in backquotes name the value.</summary>
    public string Usage => usage;

    /// <summary>The kind of its value, for the help; empty for a switch.</summary>
    public abstract string Kind { get; }

    /// <summary>Its default as the help shows it; null hides it.</summary>
    public virtual string? DefaultText => null;

    /// <summary>The value of the option given alone; null when it needs one.</summary>
    public virtual string? Alone => null;

    /// <summary>Not in the help.</summary>
    public bool Hidden { get; init; }

    /// <summary>What to use instead; a warning is written when it is used.</summary>
    public string? Deprecated { get; init; }

    /// <summary>Whether it was given.</summary>
    public bool Given { get; set; }

    /// <summary>Takes a value; returns what is wrong with it, or null.</summary>
    public abstract string? Set(string value);
}

internal sealed class SwitchFlag(string name, char shorthand, string usage, bool initial = false) : Flag(name, shorthand, usage)
{
    public bool Value { get; private set; } = initial;

    public override string Kind => "";

    public override string? DefaultText { get; } = initial ? "true" : null;

    public override string Alone => "true";

    public override string? Set(string value)
    {
        if (!TryParse(value, out var result)) return $"strconv.ParseBool: parsing {GoText.Quote(value)}: invalid syntax";
        Value = result;
        return null;
    }

    /// <summary>strconv.ParseBool.</summary>
    public static bool TryParse(string text, out bool value)
    {
        value = text is "1" or "t" or "T" or "true" or "TRUE" or "True";
        return value || text is "0" or "f" or "F" or "false" or "FALSE" or "False";
    }
}

internal sealed class TextFlag(string name, char shorthand, string usage, string initial = "") : Flag(name, shorthand, usage)
{
    public string Value { get; private set; } = initial;

    public override string Kind => "string";

    public override string? DefaultText { get; } = initial.Length > 0 ? GoText.Quote(initial) : null;

    public override string? Set(string value)
    {
        Value = value;
        return null;
    }
}

/// <summary>A number of so many bits, with a sign or without.</summary>
internal sealed class NumberFlag(string name, char shorthand, string usage, long initial = 0, int bits = 64, bool unsigned = false) : Flag(name, shorthand, usage)
{
    public long Value { get; private set; } = initial;

    public override string Kind => (unsigned ? "uint" : "int") + (bits is 64 ? "" : bits.ToString(CultureInfo.InvariantCulture));

    public override string? DefaultText { get; } = initial != 0 ? initial.ToString(CultureInfo.InvariantCulture) : null;

    public override string? Set(string value)
    {
        var function = unsigned ? "ParseUint" : "ParseInt";
        bool ok, outOfRange;
        long number;
        if (unsigned)
        {
            ok = GoText.TryParseMagnitude(value, out var magnitude, out outOfRange);
            outOfRange |= magnitude > (bits == 64 ? ulong.MaxValue : (1UL << bits) - 1);
            number = unchecked((long)magnitude);
        }
        else
        {
            ok = GoText.TryParseInteger(value, out number, out outOfRange);
            outOfRange |= bits < 64 && number >> (bits - 1) is not (0 or -1);
        }

        if (outOfRange) return $"strconv.{function}: parsing {GoText.Quote(value)}: value out of range";
        if (!ok) return $"strconv.{function}: parsing {GoText.Quote(value)}: invalid syntax";
        Value = number;
        return null;
    }
}

/// <summary>An option that may be given several times.</summary>
internal sealed class ListFlag(string name, char shorthand, string usage, ListFlag.Check? check = null, string kind = "list") : Flag(name, shorthand, usage)
{
    private readonly List<string> _values = [];

    /// <summary>Looks at a value, and may change it; returns what is wrong with it.</summary>
    public delegate string? Check(ref string value);

    public IReadOnlyList<string> Values => _values;

    public override string Kind => kind;

    public override string? Set(string value)
    {
        if (check?.Invoke(ref value) is { } error) return error;
        _values.Add(value);
        return null;
    }
}

/// <summary>Names and values, name=value; a name given twice has the last value.</summary>
internal sealed class MapFlag(string name, string usage, ListFlag.Check? check = null, char shorthand = '\0') : Flag(name, shorthand, usage)
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Values => _values;

    public override string Kind => "map";

    /// <summary>Docker shows the empty map.</summary>
    public override string DefaultText => "map[]";

    public override string? Set(string value)
    {
        if (check?.Invoke(ref value) is { } error) return error;
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        _values[equals < 0 ? value : value[..equals]] = equals < 0 ? "" : value[(equals + 1)..];
        return null;
    }
}

/// <summary>A span of time, such as 1m30s.</summary>
internal sealed class DurationFlag(string name, string usage) : Flag(name, '\0', usage)
{
    public long Nanoseconds { get; private set; }

    public override string Kind => "duration";

    public override string? Set(string value)
    {
        if (Units.TryParseDuration(value, out var span) is { } error) return error;
        Nanoseconds = span;
        return null;
    }
}

/// <summary>A size, such as 512m; for swap, -1 is without limit.</summary>
internal sealed class SizeFlag(string name, char shorthand, string usage, bool unlimited = false) : Flag(name, shorthand, usage)
{
    public long Bytes { get; private set; }

    public override string Kind => "bytes";

    public override string? Set(string value)
    {
        if (unlimited && value == "-1")
        {
            Bytes = -1;
            return null;
        }

        if (Units.TryParseSize(value, out var bytes) is { } error) return error;
        Bytes = bytes;
        return null;
    }
}

/// <summary>An option whose values its owner reads.</summary>
internal sealed class ParsedFlag(string name, char shorthand, string usage, string kind, Func<string, string?> set) : Flag(name, shorthand, usage)
{
    public override string Kind => kind;

    /// <summary>The default that the help shows.</summary>
    public string? Initial { get; set; }

    public override string? DefaultText => Initial;

    public override string? Set(string value) => set(value);
}
