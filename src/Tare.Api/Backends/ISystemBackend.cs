using Tare.Engine;
using Tare.Engine.Host;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the routes about the engine itself need.</summary>
internal interface ISystemBackend
{
    SystemVersion Version();

    Task<SystemInfo> InfoAsync(CancellationToken cancellationToken);

    Task<DiskUsage> DiskUsageAsync(DiskUsageKinds kinds, CancellationToken cancellationToken);

    /// <summary>The subscription begins before this returns. Times are as the API has them; null is none.</summary>
    IAsyncEnumerable<EventMessage> Events(string? since, string? until, Filters filters, CancellationToken cancellationToken);
}
