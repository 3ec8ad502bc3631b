using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>
/// A connection to a message bus, or to systemd itself, for a program that asks a few things one after the other and then ends: calls
/// wait in the kernel, no thread and no event loop is started.
/// </summary>
internal sealed class BusConnection : IDisposable
{
    /// <summary>Milliseconds that an answer may take.</summary>
    private const int Patience = 30_000;

    private const string Bus = "org.freedesktop.DBus";

    private readonly Fd socket;
    private readonly List<BusMessage> signals = [];
    private uint serial;

    private BusConnection(Fd socket, bool isBus) => (this.socket, IsBus) = (socket, isBus);

    /// <summary>Whether there is a bus between: it is asked for signals, and needs to be greeted.</summary>
    public bool IsBus { get; }

    /// <summary>Connects and authenticates as the user of this process; null when nobody listens.</summary>
    /// <exception cref="TareException">The other end refuses this user.</exception>
    public static BusConnection? TryConnect(string path, bool isBus)
    {
        if (StreamSocket.TryConnect(path, out var error) is not { } socket)
            return error is Errno.ENOENT or Errno.ECONNREFUSED or Errno.EACCES or Errno.EPERM or Errno.ENOTDIR ? null : throw new LinuxException($"connect to {path}", error);
        var connection = new BusConnection(socket, isBus);
        try
        {
            // No name is given: who we are is told by the kernel, in whichever user namespace. The greeting does not wait for the answer.
            connection.SendAll("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"u8);
            var hello = isBus ? connection.Send(Bus, "/org/freedesktop/DBus", Bus, "Hello", "", null) : 0;
            connection.ReadAuthentication(path);
            if (isBus) connection.Receive(hello);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Asks a bus for a kind of signal; systemd itself sends its own to every connection.</summary>
    public void AddMatch(string rule)
    {
        if (IsBus) Call(Bus, "/org/freedesktop/DBus", Bus, "AddMatch", "s", body => body.String(rule));
    }

    /// <summary>Calls a method and waits for its answer.</summary>
    /// <exception cref="BusErrorException">The answer is an error.</exception>
    public BusMessage Call(string destination, string path, string @interface, string member, string signature, Action<BusWriter>? body) =>
        Receive(Send(destination, path, @interface, member, signature, body));

    /// <summary>Waits for the next signal that was not taken yet.</summary>
    /// <param name="deadline">Until when, as <see cref="Environment.TickCount64"/>.</param>
    /// <returns>Null when the time is over.</returns>
    public BusMessage? NextSignal(long deadline)
    {
        while (signals.Count == 0)
        {
            var left = deadline - Environment.TickCount64;
            if (left <= 0 || !Polling.WaitReadable(socket, (int)Math.Min(left, int.MaxValue))) return null;
            if (ReadMessage() is { Kind: BusMessageKind.Signal } signal) return signal;
        }
        var first = signals[0];
        signals.RemoveAt(0);
        return first;
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private uint Send(string destination, string path, string @interface, string member, string signature, Action<BusWriter>? body)
    {
        SendAll(BusMessage.Call(++serial, destination, path, @interface, member, signature, body).Written);
        return serial;
    }

    private BusMessage Receive(uint call)
    {
        while (true)
        {
            if (!Polling.WaitReadable(socket, Patience)) throw TareException.Internal($"systemd does not answer: nothing came within {Patience / 1000} s");
            var message = ReadMessage();
            if (message.Kind == BusMessageKind.Signal) signals.Add(message);
            if (message.ReplyTo != call || message.Kind is not (BusMessageKind.Return or BusMessageKind.Error)) continue;
            if (message.Kind == BusMessageKind.Return) return message;
            var text = message.Body;
            throw new BusErrorException(message.ErrorName, text.IsAtEnd ? message.ErrorName : text.String());
        }
    }

    private BusMessage ReadMessage()
    {
        Span<byte> head = stackalloc byte[BusMessage.HeadLength];
        ReadAll(head);
        var message = new byte[BusMessage.HeadLength + BusMessage.RestLength(head)];
        head.CopyTo(message);
        ReadAll(message.AsSpan(BusMessage.HeadLength));
        return BusMessage.Parse(message);
    }

    /// <summary>The answers are lines: <c>DATA</c>, then <c>OK GUID</c>. They are read byte by byte, for messages follow.</summary>
    private void ReadAuthentication(string path)
    {
        Span<byte> one = stackalloc byte[1];
        var line = new StringBuilder();
        for (var lines = 0; lines < 3;)
        {
            if (!Polling.WaitReadable(socket, Patience)) throw TareException.Internal($"{path} does not answer: nothing came within {Patience / 1000} s");
            ReadAll(one);
            if (one[0] != '\n')
            {
                if (line.Length < 512) line.Append((char)one[0]);
                continue;
            }
            var text = line.ToString().TrimEnd('\r');
            if (text.StartsWith("OK", StringComparison.Ordinal)) return;
            if (text != "DATA") throw new TareException(ErrorKind.Forbidden, $"{path} refuses this user: {text}");
            line.Clear();
            lines++;
        }
        throw TareException.Internal($"{path} does not speak D-Bus");
    }

    private void ReadAll(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = StreamSocket.Receive(socket, buffer);
            if (count == 0) throw TareException.Internal("systemd has closed the connection");
            buffer = buffer[count..];
        }
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[StreamSocket.Send(socket, bytes)..];
    }
}

/// <summary>An error that a method has answered.</summary>
internal sealed class BusErrorException(string name, string message) : TareException(ErrorKind.Internal, message)
{
    /// <summary>Its name, such as <c>org.freedesktop.systemd1.UnitExists</c>.</summary>
    public string Name => name;
}
