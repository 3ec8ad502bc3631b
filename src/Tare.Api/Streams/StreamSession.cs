using System.Buffers;
using System.Net.Sockets;
using Tare.Api.Hosting;
using Tare.Api.Http;
using Tare.Engine.Streams;
using Tare.Wire;

namespace Tare.Api.Streams;

/// <summary>
/// An attached client: a connection that was taken from HTTP, joined with the streams of a container or an exec.
/// </summary>
internal sealed class StreamSession(ApiContext context, TimeProvider time)
{
    private HijackedConnection? connection;

    /// <summary>What of a session is asked for.</summary>
    /// <param name="Streams">The process's side. The session disposes it.</param>
    /// <param name="ContentType">Of the response that announces the stream.</param>
    /// <param name="UseInput">Whether the client's bytes go to the process.</param>
    /// <param name="DetachKeys">The keys that end the session, for a terminal with input.</param>
    internal sealed record Request(IProcessStreams Streams, string ContentType, bool UseInput, DetachKeys? DetachKeys);

    /// <summary>
    /// Joins the two until the output ends, the user detaches, or the client is gone.
    /// </summary>
    /// <remarks>
    /// 1. The head goes out. 2. Input and output are pumped at the same time. 3. The client's FIN is the end of stdin and nothing more;
    /// the engine knows whether the process sees it and whether the session ends with it. A client that has closed the whole connection
    /// ends the session when its input has been passed on. 4. When the output ends, our FIN goes out, and
    /// the connection is kept until the client has closed its end, so that output which it has not read yet is not lost.
    /// </remarks>
    internal async Task RunAsync(Request request)
    {
        await using var streams = request.Streams;
        var hijacked = connection ?? await OpenAsync(request.ContentType);
        var framed = !streams.Terminal;
        var end = CancellationTokenSource.CreateLinkedTokenSource(hijacked.Stopping);
        var output = OutputPump.RunAsync(streams, hijacked.Output, framed, () => hijacked.HeadReadAsync(time, end.Token), end.Token);
        var input = request.UseInput ? PumpInputAsync(request, hijacked, end) : Task.CompletedTask;
        var watch = WatchAsync(hijacked, input, end);
        try
        {
            await output;
        }
        catch (Exception e) when (IsEndOfClient(e))
        {
            // Detached, gone, or the server stops.
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(input, watch);
            end.Dispose();
        }

        await CloseAsync();
    }

    /// <summary>Sends the head before there are streams; <see cref="RunAsync"/> goes on from there.</summary>
    /// <exception cref="IOException">The client is gone.</exception>
    internal async Task<HijackedConnection> OpenAsync(string contentType)
    {
        connection = context.Hijack();
        var head = new System.Text.StringBuilder(context.WantsUpgrade
            ? $"HTTP/1.1 101 UPGRADED\r\nContent-Type: {contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            : $"HTTP/1.1 200 OK\r\nContent-Type: {MediaType.RawStream}\r\n");
        foreach (var (name, value) in context.ResponseHeaders)
            head.Append(name).Append(": ").Append(value.ToString()).Append("\r\n");
        connection.Output.Write(System.Text.Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
        await connection.Output.FlushAsync();
        return connection;
    }

    private async Task CloseAsync()
    {
        await connection!.FinishAsync(time);
        context.AbandonHttp();
    }

    private static async Task PumpInputAsync(Request request, HijackedConnection connection, CancellationTokenSource end)
    {
        try
        {
            if (await InputPump.RunAsync(connection.Input, request.Streams, request.DetachKeys, end.Token) == InputEnd.EndOfFile)
            {
                await request.Streams.CloseStdinAsync(end.Token);
                return;
            }

            request.Streams.ReportDetached();
            await end.CancelAsync();
        }
        catch (Exception e) when (IsEndOfClient(e))
        {
            // The connection is broken, so nobody reads the output either.
            await end.CancelAsync();
        }
    }

    /// <summary>A client that is gone for good reads no output; what it has sent before still goes to the process.</summary>
    private static async Task WatchAsync(HijackedConnection connection, Task input, CancellationTokenSource end)
    {
        try
        {
            await connection.WaitHangUpAsync(end.Token);
            await input;
            await end.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The session is over before the client is.
        }
    }

    private static bool IsEndOfClient(Exception e) => e is OperationCanceledException or IOException or SocketException or ObjectDisposedException;
}
