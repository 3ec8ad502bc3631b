using System.Collections.Concurrent;

namespace Tare.Distribution.Authentication;

/// <summary>What each endpoint has last asked for, so that the next request brings it along at once. Thread-safe.</summary>
internal sealed class ChallengeMemory
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<Challenge>> _challenges = new(StringComparer.Ordinal);

    /// <summary>The challenges of an endpoint; none if it is not known or lets everybody in.</summary>
    internal IReadOnlyList<Challenge> Of(string endpoint) => _challenges.GetValueOrDefault(endpoint) ?? [];

    /// <summary>Notes what an endpoint wants.</summary>
    internal void Learn(string endpoint, IReadOnlyList<Challenge> challenges) => _challenges[endpoint] = challenges;
}
