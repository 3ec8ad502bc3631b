using Tare.Wire;

namespace Tare.Engine.Events;

/// <summary>What has happened and what happens, for the API.</summary>
public sealed class EventService
{
    /// <summary>
    /// Past events from <paramref name="since"/> on, then new ones until <paramref name="until"/> has passed (null: for ever).
    /// The subscription begins before this method returns. Times are as the API has them: Unix seconds with a fraction, or RFC 3339.
    /// </summary>
    public IAsyncEnumerable<EventMessage> Subscribe(string? since, string? until, Filters filters, CancellationToken cancellationToken) => throw new NotImplementedException();
}
