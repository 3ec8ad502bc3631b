using System.Text.Json;
using System.Text.RegularExpressions;
using Tare.Engine.Common;
using Tare.Errors;

namespace Tare.Engine;

/// <summary>
/// The <c>filters</c> of a request: for each key a set of values. Reads both forms that clients send:
/// <c>{"status":["running"]}</c> and <c>{"status":{"running":true}}</c>.
/// </summary>
public sealed class Filters
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(100);
    private readonly Dictionary<string, List<string>> fields = new(StringComparer.Ordinal);

    /// <summary>No filter: everything matches.</summary>
    public static Filters None { get; } = new();

    /// <summary>Whether there is no key at all.</summary>
    public bool IsEmpty => fields.Count == 0;

    /// <summary>Reads the query parameter; null and empty are no filter.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: not JSON of one of the two forms.</exception>
    public static Filters Parse(string? json)
    {
        if (string.IsNullOrEmpty(json)) return None;
        var result = new Filters();
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Null) return None;
            foreach (var field in document.RootElement.EnumerateObject())
            {
                var values = result.fields[field.Name] = [];
                switch (field.Value.ValueKind)
                {
                    case JsonValueKind.Array:
                        foreach (var value in field.Value.EnumerateArray()) AddOnce(values, value.GetString() ?? "");
                        break;
                    case JsonValueKind.Object:
                        foreach (var value in field.Value.EnumerateObject())
                        {
                            if (value.Value.ValueKind == JsonValueKind.True) AddOnce(values, value.Name);
                            else if (value.Value.ValueKind != JsonValueKind.False) throw TareException.Invalid("invalid filter");
                        }
                        break;
                    case JsonValueKind.Null:
                        break;
                    default:
                        throw TareException.Invalid("invalid filter");
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw TareException.Invalid("invalid filter", e);
        }
        return result;
    }

    /// <summary>A filter of one key, for callers inside the engine.</summary>
    public static Filters Of(string key, params string[] values)
    {
        var result = new Filters();
        result.fields[key] = [.. values];
        return result;
    }

    /// <summary>These filters, and one key with one value in place of what it had.</summary>
    public Filters With(string key, string value)
    {
        var result = Of(key, value);
        foreach (var (name, values) in fields) result.fields.TryAdd(name, values);
        return result;
    }

    /// <summary>Whether the key was given, even without values.</summary>
    public bool Contains(string key) => fields.ContainsKey(key);

    /// <summary>The values of a key, in the order in which they came; none when the key was not given.</summary>
    public IReadOnlyList<string> Get(string key) => fields.TryGetValue(key, out var values) ? values : [];

    /// <summary>Refuses keys that nobody would look at.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    public void Validate(params ReadOnlySpan<string> accepted)
    {
        foreach (var key in fields.Keys)
        {
            if (!accepted.Contains(key)) throw TareException.Invalid($"invalid filter '{key}'");
        }
    }

    /// <summary>Whether one of the key's values is exactly this text. Without values everything matches.</summary>
    public bool ExactMatch(string key, string? text) =>
        !fields.TryGetValue(key, out var values) || values.Count == 0 || (text is not null && values.Contains(text));

    /// <summary>Whether one of the key's values is this text, or a regular expression that is found in it.</summary>
    public bool Match(string key, string text) => ExactMatch(key, text) || fields[key].Exists(pattern => Found(pattern, text));

    /// <summary>Whether one of the key's values is this text or a beginning of it.</summary>
    public bool FuzzyMatch(string key, string text) =>
        ExactMatch(key, text) || fields[key].Exists(prefix => text.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Whether all <c>name</c> or <c>name=value</c> values of the key are found among these pairs.</summary>
    public bool MatchPairs(string key, IReadOnlyDictionary<string, string>? pairs)
    {
        if (!fields.TryGetValue(key, out var values) || values.Count == 0) return true;
        if (pairs is null || pairs.Count == 0) return false;
        foreach (var wanted in values)
        {
            var equals = wanted.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? wanted : wanted[..equals];
            if (!pairs.TryGetValue(name, out var value)) return false;
            if (equals >= 0 && value != wanted[(equals + 1)..]) return false;
        }
        return true;
    }

    /// <summary>Whether labels match what a prune asks for: all that <c>label</c> names, and not what <c>label!</c> does.</summary>
    public bool MatchLabels(IReadOnlyDictionary<string, string>? labels) => MatchPairs("label", labels) && !(Contains("label!") && MatchPairs("label!", labels));

    /// <summary>The moment of the key <c>until</c>; null when it was not given.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: it is none, or there are several.</exception>
    public DateTimeOffset? Until(TimeProvider time) => Get("until") switch
    {
        [] => null,
        [var text] => Timestamps.Parse(text, time),
        _ => throw TareException.Invalid("more than one until filter specified"),
    };

    /// <summary>The key as a truth value.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: neither true nor false, or both.</exception>
    public bool GetBoolean(string key, bool otherwise)
    {
        if (!fields.TryGetValue(key, out var values)) return otherwise;
        if (values.Count == 0) throw TareException.Invalid($"invalid filter '{key}'");
        var no = values.Contains("0") || values.Contains("false");
        var yes = values.Contains("1") || values.Contains("true");
        return no == yes ? throw TareException.Invalid($"invalid filter '{key}=[{string.Join(' ', values)}]'") : yes;
    }

    private static void AddOnce(List<string> values, string value)
    {
        if (!values.Contains(value)) values.Add(value);
    }

    private static bool Found(string pattern, string text)
    {
        try
        {
            return Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, PatternTimeout);
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            // What is no expression, or one that takes too long, matches nothing: so does Docker with what is no expression.
            return false;
        }
    }
}
