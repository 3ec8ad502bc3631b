namespace Tare.Engine.Networks;

/// <summary>The networks of a container that is being started: what is decided, and the namespace that its process gets.</summary>
/// <param name="containerId">The container.</param>
internal sealed class NetworkStart(string containerId)
{
    private readonly List<JoinedNetwork> _joined = [];

    /// <summary>The container.</summary>
    public string ContainerId => containerId;

    /// <summary>The networks, in the order of the devices.</summary>
    public IReadOnlyList<JoinedNetwork> Joined => _joined;

    /// <summary>The namespace; null for who is in the host's, in another container's, or in one where nothing is to be set up.</summary>
    public LiveNetwork? Live { get; set; }

    /// <summary>What is written down.</summary>
    public IReadOnlyList<EndpointState> Endpoints => [.. _joined.Select(one => one.Endpoint)];

    public void Add(JoinedNetwork joined) => _joined.Add(joined);

    /// <summary>The endpoint as it is now.</summary>
    public void Replace(EndpointState endpoint)
    {
        var index = _joined.FindIndex(one => one.Endpoint.Id == endpoint.Id);
        _joined[index] = _joined[index] with { Endpoint = endpoint };
    }
}
