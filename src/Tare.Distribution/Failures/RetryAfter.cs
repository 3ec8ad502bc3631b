namespace Tare.Distribution.Failures;

/// <summary>The header Retry-After (RFC 9110, section 10.2.3).</summary>
internal static class RetryAfter
{
    /// <summary>How long is to be waited from now on; <see langword="null"/> when nothing is said.</summary>
    internal static TimeSpan? Of(HttpResponseMessage response, TimeProvider time)
    {
        var header = response.Headers.RetryAfter;
        if (header?.Delta is { } delta) return delta < TimeSpan.Zero ? TimeSpan.Zero : delta;
        if (header?.Date is not { } date) return null;
        var wait = date - time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
