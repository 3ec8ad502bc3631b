using System.Text;
using Tare.Linux;

namespace Tare.Cli.Io;

/// <summary>
/// One of the program's own outputs. Text is gathered and written with as few calls as possible; the console's class would cost a tenth
/// of a short verb's time.
/// </summary>
internal sealed class Output(Fd fd)
{
    private const int Threshold = 16 * 1024;
    private const int SIGPIPE = 13;

    private readonly Lock _lock = new();
    private byte[] _buffer = [];
    private int _count;
    private bool? _isTerminal;

    public bool IsTerminal => _isTerminal ??= UserTerminal.IsTerminal(fd.Number);

    /// <summary>Rows and columns; zeros when it is no terminal.</summary>
    public (int Rows, int Columns) Size => UserTerminal.Size(fd.Number);

    public void Write(ReadOnlySpan<char> text)
    {
        lock (_lock)
        {
            var room = Encoding.UTF8.GetMaxByteCount(text.Length);
            if (_buffer.Length - _count < room) Array.Resize(ref _buffer, Math.Max(_count + room, Math.Max(512, _buffer.Length * 2)));
            _count += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_count));
            if (_count >= Threshold) Flush();
        }
    }

    public void WriteLine(string text = "")
    {
        lock (_lock)
        {
            Write(text);
            Write("\n");
        }
    }

    /// <summary>Bytes as they are, at once.</summary>
    public void WriteThrough(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            Flush();
            Put(bytes);
        }
    }

    public void Flush()
    {
        lock (_lock)
        {
            var count = _count;
            _count = 0;
            Put(_buffer.AsSpan(0, count));
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Descriptors.TryWrite(fd, bytes, out var error);
            if (count >= 0)
            {
                bytes = bytes[count..];
                continue;
            }

            switch (error)
            {
                case Errno.EPIPE:
                    // Nobody reads any more: die of it, as other programs do. The runtime ignores the signal.
                    OwnSignals.DieOf(SIGPIPE);
                    return;
                case Errno.EAGAIN:
                    // Somebody made the terminal or pipe non-blocking.
                    Polling.WaitWritable(fd);
                    continue;
                default:
                    throw new LinuxException($"write {(fd.Number == 1 ? "standard output" : "standard error")}", error);
            }
        }
    }
}
