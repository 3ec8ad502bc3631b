using System.Runtime.CompilerServices;

namespace Tare.Client.Http;

/// <summary>Cuts a stream of JSON objects, with or without white space between them, into its objects.</summary>
internal static class JsonDocuments
{
    private const int MaximumObject = 64 << 20;

    /// <summary>Each object as it comes; the bytes are overwritten by the next one.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> SplitAsync(Stream source, [EnumeratorCancellation] CancellationToken ct)
    {
        var buffer = new byte[8192];
        var scanner = new Scanner();
        int start = 0, end = 0, scanned = 0;
        while (true)
        {
            while (scanned < end)
            {
                var done = scanner.Next(buffer[scanned++]);
                if (scanner.Depth == 0 && !done)
                {
                    // Between objects.
                    start = scanned;
                    continue;
                }

                if (!done) continue;
                yield return buffer.AsMemory(start, scanned - start);
                start = scanned;
            }

            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                end -= start;
                scanned -= start;
                start = 0;
            }

            if (end == buffer.Length)
            {
                if (end >= MaximumObject) throw new ProtocolException("an object in the engine's answer is too long");
                Array.Resize(ref buffer, end * 2);
            }

            var count = await source.ReadAsync(buffer.AsMemory(end), ct).ConfigureAwait(false);
            if (count == 0)
            {
                if (end > 0 && scanner.Depth > 0) throw new EndOfStreamException("the connection broke in the middle of the answer");
                yield break;
            }

            end += count;
        }
    }

    /// <summary>Counts brackets outside of strings.</summary>
    private struct Scanner
    {
        private bool _inString;
        private bool _escaped;

        public int Depth { get; private set; }

        /// <summary>True at the bracket that closes the outermost object.</summary>
        public bool Next(byte c)
        {
            if (_inString)
            {
                if (_escaped) _escaped = false;
                else if (c == '\\') _escaped = true;
                else if (c == '"') _inString = false;
                return false;
            }

            switch (c)
            {
                case (byte)'"' when Depth > 0:
                    _inString = true;
                    return false;
                case (byte)'{' or (byte)'[':
                    Depth++;
                    return false;
                case (byte)'}' or (byte)']' when Depth > 0:
                    return --Depth == 0;
                default:
                    return false;
            }
        }
    }
}
