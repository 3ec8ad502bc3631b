namespace Tare.Networks.Links;

/// <summary>
/// The remarks on network devices (IFLA_IFALIAS) that say whose they are: several engines may share a host, and none touches what is another's.
/// <c>tare ENGINE network ID</c> and <c>tare ENGINE endpoint ID</c>.
/// </summary>
public sealed class DeviceOwner
{
    private const string Program = "tare";
    private const int LongestEngine = 64;

    private readonly string network;
    private readonly string endpoint;

    /// <summary>An engine.</summary>
    /// <param name="engine">What tells it from others on the host for as long as its data is there: 1 to 64 letters, digits, and <c>.-_</c>.</param>
    /// <exception cref="ArgumentException">It has something else in it.</exception>
    public DeviceOwner(string engine)
    {
        if (engine.Length is 0 or > LongestEngine || engine.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')))
            throw new ArgumentException($"\"{engine}\" is no identity of an engine", nameof(engine));
        network = $"{Program} {engine} network ";
        endpoint = $"{Program} {engine} endpoint ";
    }

    /// <summary>The remark on a network's own device.</summary>
    public string OfNetwork(string id) => network + id;

    /// <summary>The remark on the host's end of an endpoint.</summary>
    public string OfEndpoint(string id) => endpoint + id;

    /// <summary>The id of the network whose device it is; null when it is no network's of this engine.</summary>
    public string? NetworkOf(string? alias) => alias is not null && alias.StartsWith(network, StringComparison.Ordinal) ? alias[network.Length..] : null;

    /// <summary>The id of the endpoint whose device it is; null when it is no endpoint's of this engine.</summary>
    public string? EndpointOf(string? alias) => alias is not null && alias.StartsWith(endpoint, StringComparison.Ordinal) ? alias[endpoint.Length..] : null;
}
