using Tare.Cli.Flags;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>--filter name=value, several times.</summary>
internal static class FilterFlag
{
    public static Filters Add(FlagSet flags, char shorthand = 'f', string usage = "Leave out what does not match NAME=VALUE")
    {
        var filters = new Filters();
        flags.Add(new ParsedFlag("filter", shorthand, usage, "filter", value =>
        {
            if (value.Length == 0) return null;
            var equals = value.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) return "bad format of filter (expected name=value)";
            filters.Add(value[..equals].Trim().ToLowerInvariant(), value[(equals + 1)..].Trim());
            return null;
        }));
        return filters;
    }

    /// <summary>The user's own filters for prune, but those that contradict the given ones.</summary>
    public static void AddConfigured(Filters filters, IEnumerable<string> configured)
    {
        foreach (var filter in configured)
        {
            var equals = filter.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) continue;
            var (name, value) = (filter[..equals], filter[(equals + 1)..]);
            if ((name == "label" && filters.Contains("label!", value)) || (name == "label!" && filters.Contains("label", value))) continue;
            filters.Add(name, value);
        }
    }
}
