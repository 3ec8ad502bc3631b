using Tare.Wire;

namespace Tare.Engine.Host;

/// <summary>What the engine and its machine are, for the API.</summary>
public sealed class SystemService
{
    /// <summary>Of <c>docker version</c>, the server's part.</summary>
    public SystemVersion Version() => throw new NotImplementedException();

    /// <summary>Of <c>docker info</c>.</summary>
    public Task<SystemInfo> InfoAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
}
