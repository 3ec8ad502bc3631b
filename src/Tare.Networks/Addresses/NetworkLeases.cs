using System.Net;
using System.Net.Sockets;
using Tare.Errors;

namespace Tare.Networks.Addresses;

/// <summary>Who has which address of a network. Thread-safe.</summary>
/// <param name="network">The network.</param>
public sealed class NetworkLeases(Network network)
{
    private readonly IReadOnlyList<SubnetLeases> _subnets = [.. network.Subnets.Select(subnet => new SubnetLeases(subnet))];

    /// <summary>Gives out one address of each family that the network has: those that are asked for, or the lowest free ones.</summary>
    /// <param name="wanted4">The address of IPv4 that is asked for.</param>
    /// <param name="wanted6">The address of IPv6 that is asked for.</param>
    /// <exception cref="TareException">InvalidArgument: one is of no subnet; Conflict: it is taken, or all are. Nothing is given out then.</exception>
    public (IPAddress? IPv4, IPAddress? IPv6) Take(IPAddress? wanted4, IPAddress? wanted6)
    {
        var first = Take(AddressFamily.InterNetwork, wanted4);
        try
        {
            return (first, Take(AddressFamily.InterNetworkV6, wanted6));
        }
        catch
        {
            Return(first);
            throw;
        }
    }

    /// <summary>Takes an address back. Nothing happens with one that nobody has.</summary>
    /// <param name="address">The address, or none.</param>
    public void Return(IPAddress? address)
    {
        if (address is not null && Of(address) is { } leases) leases.Return(address);
    }

    /// <summary>Notes an address that somebody has had since before this engine. False: somebody else has it, or it is of no subnet.</summary>
    /// <param name="address">The address.</param>
    public bool TryTake(IPAddress address)
    {
        try
        {
            if (Of(address) is not { } leases) return false;
            leases.Take(address);
            return true;
        }
        catch (TareException)
        {
            return false;
        }
    }

    private IPAddress? Take(AddressFamily family, IPAddress? wanted)
    {
        var own = Enumerable.Range(0, _subnets.Count).Where(i => network.Subnets[i].Family == family).Select(i => _subnets[i]).FirstOrDefault();
        if (wanted is not null)
        {
            (Of(wanted) ?? throw TareException.Invalid($"no configured subnet contains IP address {wanted}")).Take(wanted);
            return wanted;
        }

        return own?.Take();
    }

    private SubnetLeases? Of(IPAddress address)
    {
        for (var i = 0; i < _subnets.Count; i++)
        {
            if (network.Subnets[i].Network.Contains(address)) return _subnets[i];
        }

        return null;
    }
}
