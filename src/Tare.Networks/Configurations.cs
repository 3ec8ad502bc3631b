using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Catalogs;

namespace Tare.Networks;

/// <summary>Networks that are a configuration for others alone (<c>--config-only</c>), and networks that are made from them (<c>--config-from</c>).</summary>
internal static class Configurations
{
    private const string Driver = "null";

    /// <summary>Decides what is kept of a configuration: what was asked for. No subnet is taken for it.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="id">Its id.</param>
    /// <param name="now">When it is made.</param>
    /// <exception cref="TareException">It cannot be, in Docker's words.</exception>
    public static Network Plan(NetworkRequest request, string id, DateTimeOffset now)
    {
        if (request.IsInternal || request.IsAttachable)
            throw TareException.Forbidden("configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.");
        if (request.ConfigFrom.Length > 0) throw TareException.Forbidden("a configuration network cannot depend on another configuration network");
        var hasIPv6 = request.HasIPv6 == true;
        return new Network
        {
            Id = id,
            Name = request.Name,
            Driver = Driver,
            Created = now,
            Options = request.Options,
            IpamOptions = request.IpamOptions,
            Labels = request.Labels,
            HasIPv4 = request.HasIPv4 != false,
            HasIPv6 = hasIPv6,
            Subnets = SubnetRequest.Read(request.Subnets, hasIPv6),
            Device = "",
            IsConfigOnly = true,
        };
    }

    /// <summary>A request with what the configuration says that it names.</summary>
    /// <param name="request">What is asked for, which may not say itself what configurations say.</param>
    /// <param name="existing">The networks that there are.</param>
    /// <exception cref="TareException">There is no such configuration, or the request says too much; in Docker's words.</exception>
    public static NetworkRequest Apply(NetworkRequest request, NetworkCatalog existing)
    {
        if (request.HasIPv6 == true || request.Labels.Count > 0 || request.IpamOptions.Count > 0 || request.Subnets.Count > 0)
            throw TareException.Forbidden("user specified configurations are not supported if the network depends on a configuration network");
        if (request.Options.Count > 0) throw TareException.Forbidden("network driver options are not supported if the network depends on a configuration network");
        var found = existing.All.FirstOrDefault(network => network.IsConfigOnly && network.Name == request.ConfigFrom)
            ?? throw TareException.NotFound($"configuration network \"{request.ConfigFrom}\" does not exist");
        return request with
        {
            HasIPv4 = found.HasIPv4,
            HasIPv6 = found.HasIPv6,
            Options = found.Options,
            IpamOptions = found.IpamOptions,
            Labels = found.Labels,
            Subnets = [.. found.Subnets.Select(SubnetRequest.Of)],
        };
    }
}
