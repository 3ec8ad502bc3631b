using System.Text;

namespace Tare.Distribution.Tests.Harness;

/// <summary>A request as a scripted server got it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query, as they were sent.</param>
/// <param name="Headers">By their names in any case.</param>
/// <param name="Body">What of the body was read.</param>
public sealed record ReceivedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Path => Target.Split('?')[0];

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>A header; null if there is none.</summary>
    public string? this[string header] => Headers.GetValueOrDefault(header);

    /// <summary>A parameter of the query, decoded; null if there is none.</summary>
    public string? Query(string name) => QueryAll(name).FirstOrDefault();

    public IEnumerable<string> QueryAll(string name) => (Target.Contains('?') ? Target[(Target.IndexOf('?') + 1)..] : "")
        .Split('&')
        .Select(pair => pair.Split('=', 2))
        .Where(pair => pair[0] == name)
        .Select(pair => Uri.UnescapeDataString(pair.ElementAtOrDefault(1) ?? ""));

    public override string ToString() => $"{Method} {Target}";
}
