using Tare.Linux;
using Tare.Oci.Compression;

namespace Tare.Cli.Io;

/// <summary>Standard input, read on the calling thread.</summary>
internal sealed class Input : ReadOnlyStream
{
    public static bool IsTerminal => UserTerminal.IsTerminal(StandardStreams.Input.Number);

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            var count = Descriptors.TryRead(StandardStreams.Input, buffer, out var error);
            if (count >= 0) return count;
            switch (error)
            {
                case Errno.EAGAIN:
                    Polling.WaitReadable(StandardStreams.Input);
                    continue;
                case Errno.EIO or Errno.EBADF:
                    // A terminal that is gone, or a program that was started without input.
                    return 0;
                default:
                    throw new LinuxException("read standard input", error);
            }
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer.AsSpan(offset, count)));

    /// <summary>Reads up to a line feed; null at the end. One byte at a time, so that nothing after it is taken.</summary>
    public string? ReadLine()
    {
        var line = new List<byte>();
        Span<byte> one = stackalloc byte[1];
        while (Read(one) == 1)
        {
            if (one[0] == '\n') return System.Text.Encoding.UTF8.GetString(line.ToArray());
            line.Add(one[0]);
        }

        return line.Count > 0 ? System.Text.Encoding.UTF8.GetString(line.ToArray()) : null;
    }
}
