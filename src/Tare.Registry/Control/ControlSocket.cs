using System.Net.Sockets;
using System.Text;
using Tare.Errors;

namespace Tare.Registry.Control;

/// <summary>
/// How commands on this machine tell a running server what to do: <c>control.sock</c> in the root, which only the root's owner can
/// open. A request is a line; the answer is lines, of which the last is <c>ok</c> or <c>error: …</c>.
/// </summary>
internal sealed class ControlSocket : IAsyncDisposable
{
    internal const string Name = "control.sock";

    private const int LongestLine = 256;

    /// <summary>The longest path that a unix socket's address can hold, in bytes (unix(7)).</summary>
    private const int LongestPath = 107;

    private readonly Socket listener;
    private readonly string path;
    private readonly Func<string, CancellationToken, Task<IReadOnlyList<string>>> carryOut;
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;

    private ControlSocket(Socket listener, string path, Func<string, CancellationToken, Task<IReadOnlyList<string>>> carryOut)
    {
        this.listener = listener;
        this.path = path;
        this.carryOut = carryOut;
        accepting = AcceptAsync();
    }

    /// <summary>Listens. The root's lock is held: a socket that is there is left from one that was killed.</summary>
    /// <exception cref="TareException">The path is too long.</exception>
    internal static ControlSocket Open(string root, Func<string, CancellationToken, Task<IReadOnlyList<string>>> carryOut)
    {
        var path = Path.Combine(root, Name);
        if (Encoding.UTF8.GetByteCount(path) > LongestPath)
            throw TareException.Invalid($"the path of the root {root} is too long: that of {Name} in it may have at most {LongestPath} bytes");
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // Before it listens nobody can connect.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen();
            return new ControlSocket(socket, path, carryOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Tells a running server something; null when none runs.</summary>
    /// <exception cref="TareException">It says that it failed.</exception>
    internal static async Task<IReadOnlyList<string>?> AskAsync(string root, string request, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(root, Name)), cancellationToken);
        }
        catch (SocketException)
        {
            return null;
        }

        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request + "\n"), cancellationToken);
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellationToken) is { } line) lines.Add(line);
        if (lines is [.., "ok"]) return lines[..^1];
        const string error = "error: ";
        throw TareException.Internal(lines is [.., var last] && last.StartsWith(error, StringComparison.Ordinal) ? last[error.Length..] : "the registry ended before it had answered");
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        File.Delete(path);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var answers = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync(stop.Token);
                answers.RemoveAll(task => task.IsCompleted);
                answers.Add(AnswerAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(answers);
        }
    }

    private async Task AnswerAsync(Socket client)
    {
        using var stream = new NetworkStream(client, ownsSocket: true);
        try
        {
            var line = new byte[LongestLine];
            var length = 0;
            while (length < line.Length && !line.AsSpan(0, length).Contains((byte)'\n'))
            {
                var count = await stream.ReadAsync(line.AsMemory(length), stop.Token);
                if (count == 0) return;
                length += count;
            }

            string answer;
            try
            {
                answer = string.Concat((await carryOut(Encoding.UTF8.GetString(line, 0, length).TrimEnd('\n'), stop.Token)).Append("ok").Select(text => text + "\n"));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                answer = $"error: {e.Message.ReplaceLineEndings(" ")}\n";
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Who asked has gone, or the server stops.
        }
    }
}
