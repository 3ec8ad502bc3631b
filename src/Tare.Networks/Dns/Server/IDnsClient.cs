using Tare.Linux;

namespace Tare.Networks.Dns.Server;

/// <summary>Who has asked a question that is answered later.</summary>
internal interface IDnsClient
{
    /// <summary>It asked by TCP, and other servers are asked so too.</summary>
    bool IsStream { get; }

    /// <summary>Sends the answer.</summary>
    void Reply(ReadOnlySpan<byte> answer);
}

/// <summary>A client that asked by a datagram. An answer that cannot be sent is lost, as datagrams may be.</summary>
internal sealed class DatagramClient(Fd socket, SocketName name) : IDnsClient
{
    public bool IsStream => false;

    public void Reply(ReadOnlySpan<byte> answer) => IpSocket.TrySendTo(socket, answer, name, out _);
}
