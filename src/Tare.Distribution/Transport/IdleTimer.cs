namespace Tare.Distribution.Transport;

/// <summary>
/// A token that is cancelled when nothing has moved for some time, or with the caller's token. Whoever moves something winds it up again:
/// a slow transfer lives, a dead one ends.
/// </summary>
internal sealed class IdleTimer : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;

    internal IdleTimer(TimeProvider time, CancellationToken ct)
    {
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _registration = Link(ct);
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>Lets another token cancel this one too.</summary>
    internal CancellationTokenRegistration Link(CancellationToken ct) =>
        ct.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);

    /// <summary>From now on it takes this long; after a cancellation nothing happens.</summary>
    internal void Wind(TimeSpan limit) => _source.CancelAfter(limit);

    internal void Stop() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
