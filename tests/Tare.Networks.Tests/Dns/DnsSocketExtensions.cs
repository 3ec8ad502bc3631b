using System.Buffers.Binary;
using System.Net;
using Tare.Linux;

namespace Tare.Networks.Tests.Dns;

/// <summary>Both ends of DNS over raw sockets of any namespace, for cases.</summary>
internal static class DnsSocketExtensions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A socket in a namespace, or in this one.</summary>
    public static Fd Open(Fd? network, bool stream, IPEndPoint? bind = null)
    {
        var socket = network is null ? IpSocket.New(six: false, stream) : Namespaces.InNetwork(network, () => IpSocket.New(six: false, stream));
        if (bind is null) return socket;
        IpSocket.Bind(socket, bind);
        if (stream) IpSocket.Listen(socket, 16);
        return socket;
    }

    public static async Task<byte[]> ReceiveAsync(this Poller poller, Fd socket, CancellationToken cancellation = default)
    {
        var buffer = new byte[65536];
        while (true)
        {
            var size = IpSocket.TryReceive(socket, buffer, stream: false, out var error);
            if (size >= 0) return buffer[..size];
            Assert.Equal(Errno.EAGAIN, error);
            await poller.WaitReadableAsync(socket, cancellation).AsTask().WaitAsync(Patience, cancellation);
        }
    }

    public static async Task SendFrameAsync(this Poller poller, Fd socket, byte[] message) =>
        await poller.WriteAsync(socket, (byte[])[.. DnsMessages.Two(message.Length), .. message], CancellationToken.None);

    /// <summary>A message of a connection; null at its end.</summary>
    public static async Task<byte[]?> ReceiveFrameAsync(this Poller poller, Fd socket, CancellationToken cancellation = default)
    {
        if (await ReadAsync(2) is not { } prefix) return null;
        return await ReadAsync(BinaryPrimitives.ReadUInt16BigEndian(prefix));

        async Task<byte[]?> ReadAsync(int size)
        {
            var bytes = new byte[size];
            for (var used = 0; used < size;)
            {
                var count = await ReadOnceAsync(bytes.AsMemory(used));
                if (count == 0) return null;
                used += count;
            }
            return bytes;
        }

        async Task<int> ReadOnceAsync(Memory<byte> buffer)
        {
            try
            {
                return await poller.ReadAsync(socket, buffer, cancellation).AsTask().WaitAsync(Patience, cancellation);
            }
            catch (LinuxException e) when (e.Error == Errno.ECONNRESET)
            {
                // Closed with something unread.
                return 0;
            }
        }
    }
}
