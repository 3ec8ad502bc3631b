using System.Net.Sockets;

namespace Tare.Linux.Tests;

public sealed class PollerHangUpTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    private readonly string path = Path.Combine(Path.GetTempPath(), "tare-hup-" + Guid.NewGuid().ToString("N"));

    public void Dispose() => File.Delete(path);

    [Fact]
    public async Task Half_a_close_is_no_hang_up_and_a_whole_one_is()
    {
        using var poller = new Poller();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var server = await listener.AcceptAsync();
        using var descriptor = Descriptors.Duplicate((int)server.Handle);

        var hangUp = poller.WaitHangUpAsync(descriptor, CancellationToken.None).AsTask();
        client.Shutdown(SocketShutdown.Send);
        // The end of the stream is seen by a reader, at the same descriptor, while the other goes on waiting.
        await poller.WaitReadableAsync(descriptor, CancellationToken.None).AsTask().WaitAsync(Long);
        Assert.False(hangUp.IsCompleted);

        client.Dispose();
        await hangUp.WaitAsync(Long);
    }

    [Fact]
    public async Task A_wait_can_be_given_up()
    {
        using var poller = new Poller();
        var (read, write) = Descriptors.Pipe();
        using (read)
        using (write)
        using (var cancel = new CancellationTokenSource())
        {
            var hangUp = poller.WaitHangUpAsync(read, cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hangUp.WaitAsync(Long));

            var again = poller.WaitHangUpAsync(read, CancellationToken.None).AsTask();
            write.Dispose();
            await again.WaitAsync(Long);
        }
    }
}
