using Tare.Distribution.Transport;

namespace Tare.Distribution.Failures;

/// <summary>Counts failures in a row and waits longer after each: not at all after the first, then a second, doubled up to 16.</summary>
/// <param name="time">The clock, which tests turn.</param>
/// <param name="limit">After so many failures without progress it is over.</param>
internal sealed class Backoff(TimeProvider time, int limit)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(16);

    private TimeSpan? _asked;

    internal int Failures { get; private set; }

    /// <summary>Something has moved.</summary>
    internal void Progress() => Failures = 0;

    /// <summary>Notes a failure.</summary>
    /// <returns>Whether it is worth trying again.</returns>
    internal bool TryFail(RegistryException failure)
    {
        _asked = failure.RetryAfter;
        return ++Failures < limit && (_asked ?? TimeSpan.Zero) <= Limits.RetryAfter;
    }

    /// <summary>Waits until the next try: as long as the registry has asked for, or by the count of failures.</summary>
    internal Task WaitAsync(CancellationToken ct)
    {
        var wait = _asked ?? (Failures <= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Pow(2, Math.Min(Failures, 10) - 2)));
        if (_asked is null && wait > Longest) wait = Longest;
        return wait > TimeSpan.Zero ? Task.Delay(wait, time, ct) : Task.CompletedTask;
    }
}
