using System.IO.Pipelines;
using Tare.Engine.Streams;

namespace Tare.Api.Streams;

/// <summary>How a client's input ended.</summary>
internal enum InputEnd
{
    /// <summary>The client closed its end: the end of stdin.</summary>
    EndOfFile = 0,

    /// <summary>The user typed the detach keys.</summary>
    Detached,
}

/// <summary>Copies a client's input to a process.</summary>
internal static class InputPump
{
    /// <summary>Ends with the input, or at the detach keys; these are looked for only when they are given.</summary>
    internal static async Task<InputEnd> RunAsync(PipeReader source, IProcessStreams target, DetachKeys? detachKeys, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await source.ReadAsync(cancellationToken);
            try
            {
                foreach (var segment in read.Buffer)
                {
                    if (segment.IsEmpty)
                        continue;
                    if (detachKeys is null)
                        await target.WriteStdinAsync(segment, cancellationToken);
                    else if (await WriteTypedAsync(segment, target, detachKeys, cancellationToken))
                        return InputEnd.Detached;
                }
            }
            finally
            {
                // Whoever drains the connection after this pump reads on behind what it has seen.
                source.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
                break;
        }

        if (detachKeys?.TakeHeld() is { IsEmpty: false } held)
            await target.WriteStdinAsync(held, cancellationToken);
        return InputEnd.EndOfFile;
    }

    private static async ValueTask<bool> WriteTypedAsync(ReadOnlyMemory<byte> typed, IProcessStreams target, DetachKeys detachKeys, CancellationToken cancellationToken)
    {
        var passed = new List<byte>(typed.Length);
        var detached = detachKeys.Process(typed.Span, passed);
        if (passed.Count > 0)
            await target.WriteStdinAsync(passed.ToArray(), cancellationToken);
        return detached;
    }
}
