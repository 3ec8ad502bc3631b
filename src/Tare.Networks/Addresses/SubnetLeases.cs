using System.Net;
using System.Net.Sockets;
using Tare.Errors;

namespace Tare.Networks.Addresses;

/// <summary>
/// Who has which address of a subnet. The lowest free one is given out, as Docker does. What is given costs memory, and what is free none: a
/// subnet of IPv6 is no larger than its containers. Thread-safe.
/// </summary>
public sealed class SubnetLeases
{
    private readonly Lock _lock = new();
    private readonly Subnet _subnet;
    private readonly HashSet<UInt128> _taken = [];
    private readonly UInt128 _first;
    private readonly UInt128 _last;

    // Below it nothing of the range is free.
    private UInt128 _next;

    /// <summary>Begins with the addresses that nobody may have: the network's own, that of everybody in it, the gateway and the auxiliary ones.</summary>
    /// <param name="subnet">The subnet.</param>
    public SubnetLeases(Subnet subnet)
    {
        _subnet = subnet;
        var (low, high) = (AddressMath.First(subnet.Network), AddressMath.Last(subnet.Network));
        // Of two addresses or one, as of a line between two machines (RFC 3021), all may be given out; so may the last one of IPv6.
        if (high - low > 1)
        {
            _taken.Add(low);
            if (subnet.Family == AddressFamily.InterNetwork) _taken.Add(high);
        }

        if (subnet.Gateway is { } gateway) _taken.Add(AddressMath.ToNumber(gateway));
        foreach (var address in subnet.Auxiliary.Values) _taken.Add(AddressMath.ToNumber(address));
        var range = subnet.Range ?? subnet.Network;
        (_first, _last) = (AddressMath.First(range), AddressMath.Last(range));
        _next = _first;
    }

    /// <summary>Gives out the lowest address of the range that is free.</summary>
    /// <exception cref="TareException">Conflict: there is none, in Docker's words.</exception>
    public IPAddress Take()
    {
        lock (_lock)
        {
            for (var candidate = _next; candidate <= _last; candidate++)
            {
                if (_taken.Add(candidate))
                {
                    _next = candidate;
                    return AddressMath.ToAddress(candidate, _subnet.Family);
                }

                // The last address of all has none behind it.
                if (candidate == _last) break;
            }

            _next = _last;
            throw TareException.Conflict($"no available IPv{(_subnet.Family == AddressFamily.InterNetwork ? 4 : 6)} addresses on this network's address pools: {_subnet.Range ?? _subnet.Network}");
        }
    }

    /// <summary>Gives out an address that somebody asks for.</summary>
    /// <exception cref="TareException">InvalidArgument: it is not of this subnet; Conflict: somebody has it. In Docker's words.</exception>
    public void Take(IPAddress address)
    {
        if (!_subnet.Network.Contains(address)) throw TareException.Invalid($"no configured subnet contains IP address {address}");
        lock (_lock)
        {
            if (!_taken.Add(AddressMath.ToNumber(address))) throw TareException.Conflict("Address already in use");
        }
    }

    /// <summary>Takes an address back. One that nobody has, or that is nobody's to give, stays as it is.</summary>
    public void Return(IPAddress address)
    {
        var number = AddressMath.ToNumber(address);
        lock (_lock)
        {
            if (IsReserved(address) || !_taken.Remove(number)) return;
            if (number >= _first && number < _next) _next = number;
        }
    }

    private bool IsReserved(IPAddress address)
    {
        var (number, low, high) = (AddressMath.ToNumber(address), AddressMath.First(_subnet.Network), AddressMath.Last(_subnet.Network));
        return address.Equals(_subnet.Gateway) || _subnet.Auxiliary.Values.Contains(address)
            || (high - low > 1 && (number == low || (number == high && _subnet.Family == AddressFamily.InterNetwork)));
    }
}
