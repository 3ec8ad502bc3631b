namespace Tare.Distribution.Authentication;

/// <summary>What a server wants to see of who asks (the header WWW-Authenticate: RFC 9110, section 11.6.1).</summary>
internal sealed class Challenge(string scheme, IReadOnlyDictionary<string, string> parameters)
{
    internal const string Bearer = "bearer";
    internal const string Basic = "basic";

    /// <summary>The scheme, in lower case.</summary>
    internal string Scheme { get; } = scheme;

    /// <summary>A parameter by its name in lower case.</summary>
    internal string? this[string name] => parameters.GetValueOrDefault(name);

    /// <summary>The challenges of an answer.</summary>
    internal static IReadOnlyList<Challenge> Of(HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values)) return [];
        var all = new List<Challenge>();
        foreach (var value in values) ChallengeParser.Read(value, all);
        return all;
    }
}
