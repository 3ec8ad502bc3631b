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

    /// <summary>
    /// Keeps what <see cref="Take(IPAddress?, IPAddress?)"/> would give for somebody who will need it; nothing of it, when not all of it is free. Others get it only when
    /// nothing else is left, or when they ask for just that.
    /// </summary>
    /// <param name="wanted4">The address of IPv4 that will be asked for.</param>
    /// <param name="wanted6">The address of IPv6 that will be asked for.</param>
    /// <param name="holder">For whom.</param>
    public (IPAddress? IPv4, IPAddress? IPv6) Keep(IPAddress? wanted4, IPAddress? wanted6, string holder)
    {
        if (!TryKeep(AddressFamily.InterNetwork, wanted4, holder, out var first)) return default;
        if (TryKeep(AddressFamily.InterNetworkV6, wanted6, holder, out var second)) return (first, second);
        Release(first, holder);
        return default;
    }

    /// <summary>Gives out addresses to the one for whom they are kept; false when one is not any more. Nothing is given out then, and nothing kept.</summary>
    /// <param name="kept4">The address of IPv4.</param>
    /// <param name="kept6">The address of IPv6.</param>
    /// <param name="holder">For whom they were kept.</param>
    public bool TakeKept(IPAddress? kept4, IPAddress? kept6, string holder)
    {
        if (kept4 is not null && Of(kept4)?.TakeKept(kept4, holder) != true)
        {
            Release(kept6, holder);
            return false;
        }

        if (kept6 is null || Of(kept6)?.TakeKept(kept6, holder) == true) return true;
        Return(kept4);
        return false;
    }

    /// <summary>Keeps an address no longer. Nothing happens with one that is not kept for the holder.</summary>
    /// <param name="address">The address, or none.</param>
    /// <param name="holder">For whom it was kept.</param>
    public void Release(IPAddress? address, string holder)
    {
        if (address is not null) Of(address)?.Release(address, holder);
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
        if (wanted is not null)
        {
            (Of(wanted) ?? throw TareException.Invalid($"no configured subnet contains IP address {wanted}")).Take(wanted);
            return wanted;
        }

        return FirstOf(family) is { } own ? own.TryTake() ?? throw SubnetLeases.NoneLeft(family, $"{network.Name} ({network.Id})") : null;
    }

    /// <summary>True also where there is nothing to keep: the network has no subnet of the family.</summary>
    private bool TryKeep(AddressFamily family, IPAddress? wanted, string holder, out IPAddress? kept)
    {
        kept = wanted;
        if (wanted is not null) return Of(wanted)?.Keep(wanted, holder) == true;
        if (FirstOf(family) is not { } own) return true;
        kept = own.Keep(holder);
        return kept is not null;
    }

    private SubnetLeases? FirstOf(AddressFamily family) =>
        Enumerable.Range(0, _subnets.Count).Where(i => network.Subnets[i].Family == family).Select(i => _subnets[i]).FirstOrDefault();

    private SubnetLeases? Of(IPAddress address)
    {
        for (var i = 0; i < _subnets.Count; i++)
        {
            if (network.Subnets[i].Network.Contains(address)) return _subnets[i];
        }

        return null;
    }
}
