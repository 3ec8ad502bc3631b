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

    // Kept for who does not need it yet: given to others only when nothing else is left, or to who asks for just this one.
    private readonly Dictionary<UInt128, string> _kept = [];
    private readonly UInt128 _first;
    private readonly UInt128 _last;

    // Below it nothing of the range is free: taken, or kept.
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

    /// <summary>Gives out the lowest address of the range that is free; when there is none, the lowest that is only kept.</summary>
    /// <returns>Null: there is none.</returns>
    public IPAddress? TryTake()
    {
        lock (_lock)
        {
            if ((NextFree() ?? LowestKept()) is not { } number) return null;
            _kept.Remove(number);
            _taken.Add(number);
            return AddressMath.ToAddress(number, _subnet.Family);
        }
    }

    /// <summary>As <see cref="TryTake"/>, for who has no better word for a subnet that is full.</summary>
    /// <exception cref="TareException">Conflict: there is none.</exception>
    public IPAddress Take() => TryTake() ?? throw NoneLeft(_subnet.Family, $"{_subnet.Range ?? _subnet.Network}");

    /// <summary>Gives out an address that somebody asks for.</summary>
    /// <exception cref="TareException">InvalidArgument: it is not of this subnet; Conflict: somebody has it. In Docker's words.</exception>
    public void Take(IPAddress address)
    {
        if (!_subnet.Network.Contains(address)) throw TareException.Invalid($"no configured subnet contains IP address {address}");
        lock (_lock)
        {
            var number = AddressMath.ToNumber(address);
            if (!_taken.Add(number)) throw TareException.Conflict("Address already in use");
            _kept.Remove(number);
        }
    }

    /// <summary>Keeps the lowest free address for somebody who will need one; null when none is free.</summary>
    /// <param name="holder">For whom.</param>
    public IPAddress? Keep(string holder)
    {
        lock (_lock)
        {
            if (NextFree() is not { } number) return null;
            _kept.Add(number, holder);
            return AddressMath.ToAddress(number, _subnet.Family);
        }
    }

    /// <summary>Keeps an address that somebody will ask for; false when another has it or it is kept for another.</summary>
    /// <param name="address">An address of this subnet.</param>
    /// <param name="holder">For whom.</param>
    public bool Keep(IPAddress address, string holder)
    {
        var number = AddressMath.ToNumber(address);
        lock (_lock) return !_taken.Contains(number) && _kept.TryAdd(number, holder);
    }

    /// <summary>Gives out an address to the one for whom it is kept; false when it is not any more.</summary>
    /// <param name="address">An address of this subnet.</param>
    /// <param name="holder">For whom it was kept.</param>
    public bool TakeKept(IPAddress address, string holder)
    {
        var number = AddressMath.ToNumber(address);
        lock (_lock) return Unkeep(number, holder) && _taken.Add(number);
    }

    /// <summary>Keeps an address no longer. Nothing happens when it is not kept for the holder.</summary>
    /// <param name="address">The address.</param>
    /// <param name="holder">For whom it was kept.</param>
    public void Release(IPAddress address, string holder)
    {
        var number = AddressMath.ToNumber(address);
        lock (_lock)
        {
            if (Unkeep(number, holder)) Free(number);
        }
    }

    /// <summary>Takes an address back. One that nobody has, or that is nobody's to give, stays as it is.</summary>
    public void Return(IPAddress address)
    {
        var number = AddressMath.ToNumber(address);
        lock (_lock)
        {
            if (!IsReserved(address) && _taken.Remove(number)) Free(number);
        }
    }

    /// <summary>What is said when nothing is left, in Docker's words.</summary>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="whose">What is full.</param>
    internal static TareException NoneLeft(AddressFamily family, string whose) =>
        TareException.Conflict($"no available IPv{(family == AddressFamily.InterNetwork ? 4 : 6)} addresses on this network's address pools: {whose}");

    private bool Unkeep(UInt128 number, string holder) => _kept.TryGetValue(number, out var who) && who == holder && _kept.Remove(number);

    private void Free(UInt128 number)
    {
        if (number >= _first && number < _next) _next = number;
    }

    private UInt128? NextFree()
    {
        for (; ; _next++)
        {
            if (!_taken.Contains(_next) && !_kept.ContainsKey(_next)) return _next;
            // The last address of all has none behind it.
            if (_next == _last) return null;
        }
    }

    private UInt128? LowestKept()
    {
        UInt128? lowest = null;
        foreach (var number in _kept.Keys)
        {
            if (number >= _first && number <= _last && (lowest is null || number < lowest)) lowest = number;
        }

        return lowest;
    }

    private bool IsReserved(IPAddress address)
    {
        var (number, low, high) = (AddressMath.ToNumber(address), AddressMath.First(_subnet.Network), AddressMath.Last(_subnet.Network));
        return address.Equals(_subnet.Gateway) || _subnet.Auxiliary.Values.Contains(address)
            || (high - low > 1 && (number == low || (number == high && _subnet.Family == AddressFamily.InterNetwork)));
    }
}
