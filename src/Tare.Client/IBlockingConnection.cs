using System.Net.Sockets;

namespace Tare.Client;

/// <summary>
/// A connection whose calls wait on the calling thread. One thread may receive while another sends; <see cref="Abort"/> may be called by
/// any. They fail with <see cref="SocketException"/> or <see cref="IOException"/>.
/// </summary>
public interface IBlockingConnection : IDisposable
{
    /// <summary>Whether a receive would return at once: with bytes, or with the end.</summary>
    bool IsReadable { get; }

    /// <summary>Waits for some bytes; 0 at the end.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>Sends some of the bytes and says how many.</summary>
    int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Says that nothing more will be sent (half-close).</summary>
    void ShutdownSend();

    /// <summary>Ends both directions: a call that waits on another thread returns.</summary>
    void Abort();
}
