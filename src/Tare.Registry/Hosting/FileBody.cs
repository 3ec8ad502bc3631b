using Microsoft.Win32.SafeHandles;
using Tare.Registry.Http;

namespace Tare.Registry.Hosting;

/// <summary>Sends a part of a file as a response's body.</summary>
internal static class FileBody
{
    /// <summary>What is shorter goes out together with the head, in one call.</summary>
    private const int Small = 32 * 1024;

    private const int CopyLength = 64 * 1024;

    /// <summary>How much is sent before the sending is looked after again.</summary>
    private const int Stretch = 4 << 20;

    /// <summary>Sends; the head says already how long it is.</summary>
    /// <exception cref="IOException">The file is shorter than that: the connection ends.</exception>
    internal static async Task SendAsync(Exchange exchange, SafeFileHandle file, long position, long length)
    {
        if (length == 0) return;
        await exchange.StartAsync();
        if (length > Small && exchange.Features.Get<SocketOutput>() is { } output) await SpliceAsync(exchange, output, file, position, length);
        else await CopyAsync(exchange, file, position, length);
    }

    /// <summary>
    /// The kernel moves the bytes from the file to the socket, and they never come here. Kestrel is told of each stretch as if it had been
    /// written, so that it knows where the response ends.
    /// </summary>
    private static async Task SpliceAsync(Exchange exchange, SocketOutput output, SafeFileHandle file, long position, long length)
    {
        using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0, isAsync: true);
        while (length > 0)
        {
            var count = (int)Math.Min(length, Stretch);
            output.Take(stream, position, count);
            _ = exchange.Writer.GetMemory(count);
            exchange.Writer.Advance(count);
            var result = await exchange.Writer.FlushAsync(exchange.Gone);
            if (result.IsCompleted || result.IsCanceled) break;
            position += count;
            length -= count;
            exchange.Count(count);
        }
    }

    private static async Task CopyAsync(Exchange exchange, SafeFileHandle file, long position, long length)
    {
        while (length > 0)
        {
            var memory = exchange.Writer.GetMemory((int)Math.Min(length, CopyLength));
            if (memory.Length > length) memory = memory[..(int)length];
            var count = RandomAccess.Read(file, memory.Span, position);
            if (count == 0) throw new IOException("a blob's file is shorter than it was");
            exchange.Writer.Advance(count);
            position += count;
            length -= count;
            exchange.Count(count);
            var result = await exchange.Writer.FlushAsync(exchange.Gone);
            if (result.IsCompleted || result.IsCanceled) return;
        }
    }
}
