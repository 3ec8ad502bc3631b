using System.Buffers.Binary;
using System.Text;
using Tare.Linux;
using Tare.Runtime.Cgroups.Systemd;

namespace Tare.Runtime.Tests;

/// <summary>
/// A message bus of its own (the distribution's dbus-daemon, which drops whoever sends what the specification does not allow), and on
/// it a service by systemd's name, which remembers what it is asked and answers as systemd does.
/// </summary>
internal sealed class FakeSystemd : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tare-test-bus-").FullName;
    private readonly Fd daemon;
    private readonly Fd socket;
    private readonly Thread thread;
    private string own = "";
    private uint serial;
    private uint jobs;

    public FakeSystemd()
    {
        File.WriteAllText(folder + "/conf", $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
            """);
        using var nothing = Paths.Open("/dev/null", OpenFlags.ReadWrite);
        var pid = ProcessSpawn.TryStart(new SpawnRequest { Path = Program, Arguments = ["dbus-daemon", "--nofork", "--nopidfile", $"--config-file={folder}/conf"] }, [nothing, nothing, nothing], out var error);
        Assert.True(pid > 0, Errno.Describe(error));
        daemon = PidFds.Open(pid);
        Fd? connected = null;
        for (var end = Environment.TickCount64 + 10_000; connected is null && Environment.TickCount64 < end; Thread.Sleep(1)) connected = StreamSocket.TryConnect(BusPath, out _);
        socket = connected ?? throw new InvalidOperationException("dbus-daemon does not listen");
        Send(Encoding.ASCII.GetBytes($"\0AUTH EXTERNAL {Convert.ToHexString(Encoding.ASCII.GetBytes(UserId()))}\r\nBEGIN\r\n"));
        var answer = new byte[512];
        Assert.StartsWith("OK ", Encoding.ASCII.GetString(answer, 0, StreamSocket.Receive(socket, answer)), StringComparison.Ordinal);
        Send(BusMessage.Call(++serial, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "", null).Written);
        own = Receive().Body.String();
        Send(BusMessage.Call(++serial, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "su", body =>
        {
            body.String("org.freedesktop.systemd1");
            body.UInt32(0);
        }).Written);
        thread = new Thread(Serve) { IsBackground = true };
        thread.Start();
    }

    public const string Program = "/usr/bin/dbus-daemon";

    public string BusPath => folder + "/bus";

    /// <summary>What was asked, a line for each call.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Units that are there already, and what their existence is answered with.</summary>
    public HashSet<string> Existing { get; } = [];

    /// <summary>How jobs end.</summary>
    public string Result { get; set; } = "done";

    /// <summary>The group that this systemd is in.</summary>
    public string ControlGroup { get; set; } = "/";

    public SystemdManager NewManager() => new(() => BusConnection.TryConnect(BusPath, isBus: true)!);

    public void Dispose()
    {
        StreamSocket.Shutdown(socket);
        thread.Join();
        socket.Dispose();
        PidFds.SendSignal(daemon, 15);
        Polling.WaitReadable(daemon, 10_000);
        Waiting.Reap(daemon, out _);
        daemon.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string UserId() => File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2];

    private void Serve()
    {
        while (true)
        {
            byte[] message;
            try
            {
                message = ReceiveBytes();
            }
            catch (EndOfStreamException)
            {
                return;
            }
            var call = BusMessage.Parse(message);
            if (call.Kind == BusMessageKind.Call) Answer(call, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(8)), SenderOf(message));
        }
    }

    private void Answer(BusMessage call, uint number, string sender)
    {
        var body = call.Body;
        switch (call.MemberName)
        {
            case "Get":
                body.String();
                var property = body.String();
                Reply(sender, number, "v", writer => writer.Variant(BusValue.Of(property == "Version" ? "252.36-1~deb12u1" : ControlGroup)));
                break;
            case "StartTransientUnit":
                var unit = body.String();
                var mode = body.String();
                Remember($"StartTransientUnit {unit} {mode} {string.Join(' ', Properties(ref body))}");
                if (Existing.Contains(unit)) Refuse(sender, number, "org.freedesktop.systemd1.UnitExists", $"Unit {unit} was already loaded.");
                else Job(sender, number, unit);
                break;
            case "StopUnit":
                var stopped = body.String();
                Remember($"StopUnit {stopped} {body.String()}");
                Job(sender, number, stopped);
                break;
            case "SetUnitProperties":
                var changed = body.String();
                Remember($"SetUnitProperties {changed} {body.UInt32()} {string.Join(' ', Properties(ref body))}");
                if (changed.StartsWith("refused", StringComparison.Ordinal)) Refuse(sender, number, "org.freedesktop.DBus.Error.InvalidArgs", "no such property");
                else Reply(sender, number, "", null);
                break;
            default:
                if (call.MemberName == "ResetFailedUnit")
                {
                    var reset = body.String();
                    Remember($"ResetFailedUnit {reset}");
                    Existing.Remove(reset);
                }
                Reply(sender, number, "", null);
                break;
        }
    }

    private void Remember(string call)
    {
        lock (Calls) Calls.Add(call);
    }

    /// <summary>The signal comes before the answer, as it may with systemd; another job's first.</summary>
    private void Job(string sender, uint number, string unit)
    {
        foreach (var job in (uint[])[9999, ++jobs])
        {
            Message(BusMessageKind.Signal, [(1, new BusValue("o", "/org/freedesktop/systemd1")), (2, BusValue.Of("org.freedesktop.systemd1.Manager")), (3, BusValue.Of("JobRemoved"))], "uoss", writer =>
            {
                writer.UInt32(job);
                writer.String($"/org/freedesktop/systemd1/job/{job}");
                writer.String(unit);
                writer.String(job == 9999 ? "failed" : Result);
            });
        }
        var own = jobs;
        Reply(sender, number, "o", writer => writer.String($"/org/freedesktop/systemd1/job/{own}"));
    }

    private void Reply(string sender, uint number, string signature, Action<BusWriter>? body) =>
        Message(BusMessageKind.Return, [(5, new BusValue("u", number)), (6, BusValue.Of(sender))], signature, body);

    private void Refuse(string sender, uint number, string name, string text) =>
        Message(BusMessageKind.Error, [(4, BusValue.Of(name)), (5, new BusValue("u", number)), (6, BusValue.Of(sender))], "s", writer => writer.String(text));

    private void Message(BusMessageKind kind, (byte Code, BusValue Value)[] fields, string signature, Action<BusWriter>? body)
    {
        var content = new BusWriter();
        body?.Invoke(content);
        var message = new BusWriter();
        message.Bytes([(byte)'l', (byte)kind, 0, 1]);
        message.UInt32((uint)content.Length);
        message.UInt32(++serial);
        var array = message.BeginArray(8);
        foreach (var (code, value) in signature.Length > 0 ? [.. fields, (8, new BusValue("g", signature))] : fields)
        {
            message.Align(8);
            message.Byte(code);
            message.Variant(value);
        }
        message.EndArray(array);
        message.Align(8);
        message.Bytes(content.Written);
        Send(message.Written);
    }

    private static List<string> Properties(ref BusReader body)
    {
        var properties = new List<string>();
        var length = body.UInt32();
        body.Align(8);
        for (var end = body.Position + length; body.Position < end;)
        {
            body.Align(8);
            var name = body.String();
            properties.Add($"{name}={Value(ref body, body.Signature())}");
        }
        return properties;
    }

    private static string Value(ref BusReader body, string signature)
    {
        switch (signature[0])
        {
            case 'y':
                return $"{body.Byte()}";
            case 's' or 'o':
                return body.String();
            case 'b' or 'u':
                return $"{body.UInt32()}";
            case 't':
                body.Align(8);
                return $"{body.UInt32() | (ulong)body.UInt32() << 32}";
            case '(':
                body.Align(8);
                return $"({body.String()},{body.String()})";
            default:
                var elements = new List<string>();
                var length = body.UInt32();
                body.Align(signature[1] is '(' or 't' ? 8 : signature[1] == 'y' ? 1 : 4);
                for (var end = body.Position + length; body.Position < end;) elements.Add(Value(ref body, signature[1..]));
                return $"[{string.Join('|', elements)}]";
        }
    }

    /// <summary>The field 7 of a message's head.</summary>
    private static string SenderOf(byte[] message)
    {
        var reader = new BusReader(message);
        while (reader.Position < BusMessage.HeadLength) reader.Byte();
        while (true)
        {
            reader.Align(8);
            var code = reader.Byte();
            var text = "";
            switch (reader.Signature())
            {
                case "u":
                    reader.UInt32();
                    break;
                case "g":
                    reader.Signature();
                    break;
                default:
                    text = reader.String();
                    break;
            }
            if (code == 7) return text;
        }
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[StreamSocket.Send(socket, bytes)..];
    }

    private BusMessage Receive() => BusMessage.Parse(ReceiveBytes());

    private byte[] ReceiveBytes()
    {
        var head = new byte[BusMessage.HeadLength];
        Fill(head);
        var message = new byte[head.Length + BusMessage.RestLength(head)];
        head.CopyTo(message, 0);
        Fill(message.AsSpan(head.Length));
        return message;
    }

    private void Fill(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = StreamSocket.Receive(socket, buffer);
            if (count == 0) throw new EndOfStreamException();
            buffer = buffer[count..];
        }
    }
}
