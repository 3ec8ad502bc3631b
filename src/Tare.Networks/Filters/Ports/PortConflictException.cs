using System.Net;
using Tare.Errors;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters.Ports;

/// <summary>A port of the host that another has. Docker answers with 500, and clients match on the words.</summary>
public sealed class PortConflictException : TareException
{
    internal PortConflictException(string message, IPAddress address, ushort port, TransportProtocol protocol, PortHolder? holder, bool isReserved)
        : base(ErrorKind.Internal, message)
    {
        (Address, Port, Protocol, Holder, IsReserved) = (address, port, protocol, holder, isReserved);
    }

    /// <summary>The address that was asked for.</summary>
    public IPAddress Address { get; }

    /// <summary>The port.</summary>
    public ushort Port { get; }

    /// <summary>The protocol.</summary>
    public TransportProtocol Protocol { get; }

    /// <summary>The process of the host that has it; null when that is not known, and when a container has it.</summary>
    public PortHolder? Holder { get; }

    /// <summary>Whether it is reserved for another container, which only the caller can name.</summary>
    public bool IsReserved { get; }
}
