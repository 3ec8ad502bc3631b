using System.Globalization;
using System.Text;
using Tare.Registry.Http;

namespace Tare.Registry.Metrics;

/// <summary>
/// A line for each request, to a stream that is the caller's: time, client, user, method, target, status, bytes received and sent, milliseconds, agent. Lines are gathered
/// and written a few times in a second, so that a log on a slow disk does not slow the requests. Thread-safe.
/// </summary>
internal sealed class AccessLog : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>More than this is not gathered while the disk does not take it; what is over it is lost, and counted.</summary>
    private const int MostBytes = 4 << 20;

    private const int LongestText = 512;

#pragma warning disable CA2213 // The stream is the caller's.
    private readonly Stream? stream;
#pragma warning restore CA2213
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Task writing;
    private MemoryStream gathered = new();
    private MemoryStream spare = new();
    private long lost;

    internal AccessLog(Stream? stream, TimeProvider time)
    {
        this.stream = stream;
        this.time = time;
        writing = stream is null ? Task.CompletedTask : WriteAsync(stream);
    }

    internal void Write(Exchange exchange, TimeSpan elapsed)
    {
        if (stream is null) return;
        var user = exchange.Caller.Name is { Length: > 0 } name ? Clean(name) : "-";
        var agent = Clean(exchange.RequestHeaders.UserAgent.ToString()).Replace('"', '\'');
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {exchange.Client} {user} {exchange.Method} {Clean(exchange.Target)} {exchange.Status} {exchange.Received} {exchange.Sent} {elapsed.TotalMilliseconds:0.0} \"{agent}\"\n");
        lock (gate)
        {
            if (gathered.Length > MostBytes)
            {
                lost++;
                return;
            }

            var start = (int)gathered.Length;
            var bytes = Encoding.UTF8.GetByteCount(line);
            gathered.SetLength(start + bytes);
            Encoding.UTF8.GetBytes(line, gathered.GetBuffer().AsSpan(start, bytes));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await writing;
        if (stream is not null) await FlushAsync(stream);
        stop.Dispose();
    }

    /// <summary>No blanks and no control characters: a line stays one line, and its words stay apart.</summary>
    private static string Clean(string text)
    {
        if (text.Length > LongestText) text = text[..LongestText];
        return text.AsSpan().ContainsAnyInRange('\0', ' ') || text.Contains('\x7f', StringComparison.Ordinal)
            ? string.Concat(text.Select(c => c is <= ' ' or '\x7f' ? '_' : c))
            : text;
    }

    private async Task WriteAsync(Stream to)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token)) await FlushAsync(to);
        }
        catch (OperationCanceledException)
        {
            // The last lines are written by who stops it.
        }
    }

    private async Task FlushAsync(Stream to)
    {
        MemoryStream full;
        long missing;
        lock (gate)
        {
            if (gathered.Length == 0) return;
            full = gathered;
            gathered = spare;
            missing = lost;
            lost = 0;
        }

        try
        {
            await to.WriteAsync(full.GetBuffer().AsMemory(0, (int)full.Length), CancellationToken.None);
            if (missing > 0) await to.WriteAsync(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"# {missing} lines were lost\n")), CancellationToken.None);
            await to.FlushAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or Errors.TareException)
        {
            // A full disk, or a reader that has gone: requests are served all the same.
            Interlocked.Increment(ref lost);
        }

        full.SetLength(0);
        if (full.Capacity > MostBytes / 16) full.Capacity = 0;
        spare = full;
    }
}
