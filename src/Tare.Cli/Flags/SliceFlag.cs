using Tare.Cli.Creation;

namespace Tare.Cli.Flags;

/// <summary>Texts separated by commas, as in a line of CSV; given several times, they come one after another.</summary>
internal sealed class SliceFlag(string name, string usage) : Flag(name, '\0', usage)
{
    private readonly List<string> _values = [];

    public IReadOnlyList<string> Values => _values;

    public override string Kind => "strings";

    public override string? Set(string value)
    {
        if (value.Length == 0) return null;
        if (CsvRecord.TryParse(value, out var fields) is { } error) return error;
        _values.AddRange(fields);
        return null;
    }
}
