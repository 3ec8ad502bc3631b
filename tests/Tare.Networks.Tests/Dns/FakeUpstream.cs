using System.Collections.Concurrent;
using System.Net;
using Tare.Linux;

namespace Tare.Networks.Tests.Dns;

/// <summary>A server that answers as the case says: any number of messages to each.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Fd _datagrams;
    private readonly Fd _connections;
    private readonly Func<byte[], bool, byte[][]> _answer;
    private readonly Poller _poller;
    private readonly Task _serving;

    public FakeUpstream(Poller poller, Fd? network, Func<byte[], bool, byte[][]> answer)
    {
        _poller = poller;
        _answer = answer;
        _datagrams = DnsSocketExtensions.Open(network, stream: false, new IPEndPoint(IPAddress.Loopback, 0));
        Address = IpSocket.AddressOf(_datagrams);
        _connections = DnsSocketExtensions.Open(network, stream: true, Address);
        _serving = Task.WhenAll(ServeDatagramsAsync(), ServeConnectionsAsync());
    }

    public IPEndPoint Address { get; }

    public ConcurrentQueue<(byte[] Message, IPEndPoint Sender)> Datagrams { get; } = [];

    public ConcurrentQueue<byte[]> Frames { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _serving);
        _datagrams.Dispose();
        _connections.Dispose();
        _end.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[65536];
        while (true)
        {
            await _poller.WaitReadableAsync(_datagrams, _end.Token);
            while (IpSocket.TryReceiveFrom(_datagrams, buffer, out var sender, out _) is >= 0 and var size)
            {
                var message = buffer[..size];
                Datagrams.Enqueue((message, sender.ToEndPoint()));
                foreach (var answer in _answer(message, false)) Assert.Equal(answer.Length, IpSocket.TrySendTo(_datagrams, answer, sender, out _));
            }
        }
    }

    private async Task ServeConnectionsAsync()
    {
        while (true)
        {
            await _poller.WaitReadableAsync(_connections, _end.Token);
            while (IpSocket.TryAccept(_connections, out _) is { } connection)
            {
                using (connection) await ServeConnectionAsync(connection);
            }
        }
    }

    private async Task ServeConnectionAsync(Fd connection)
    {
        while (await _poller.ReceiveFrameAsync(connection, _end.Token) is { } message)
        {
            Frames.Enqueue(message);
            try
            {
                foreach (var answer in _answer(message, true)) await _poller.SendFrameAsync(connection, answer);
            }
            catch (LinuxException e) when (e.Error is Errno.EPIPE or Errno.ECONNRESET)
            {
                // Who asked has heard enough.
                return;
            }
        }
    }
}
