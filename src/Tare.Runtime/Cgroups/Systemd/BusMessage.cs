using System.Buffers.Binary;
using Tare.Errors;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Kinds of messages.</summary>
internal enum BusMessageKind : byte
{
    Call = 1,
    Return = 2,
    Error = 3,
    Signal = 4,
}

/// <summary>
/// A message (D-Bus Specification, "Message Format"): <c>{u8 'l', u8 kind, u8 flags, u8 1, u32 length of body, u32 serial,
/// a(yv) fields}</c>, zeros to a multiple of 8, body.
/// </summary>
internal sealed class BusMessage
{
    /// <summary>The fixed part before the fields, their length included.</summary>
    public const int HeadLength = 16;

    /// <summary>More than anything that systemd sends us.</summary>
    private const uint Longest = 1 << 20;

    private const byte Path = 1;
    private const byte Interface = 2;
    private const byte Member = 3;
    private const byte ErrorNameField = 4;
    private const byte ReplySerial = 5;
    private const byte Destination = 6;
    private const byte SignatureField = 8;

    private readonly byte[] body;

    private BusMessage(BusMessageKind kind, uint replyTo, string member, string errorName, byte[] body) =>
        (Kind, ReplyTo, MemberName, ErrorName, this.body) = (kind, replyTo, member, errorName, body);

    public BusMessageKind Kind { get; }

    /// <summary>The serial of the call that is answered.</summary>
    public uint ReplyTo { get; }

    /// <summary>The name of a signal.</summary>
    public string MemberName { get; }

    /// <summary>The name of an error.</summary>
    public string ErrorName { get; }

    public BusReader Body => new(body);

    /// <summary>Writes a call.</summary>
    public static BusWriter Call(uint serial, string destination, string path, string @interface, string member, string signature, Action<BusWriter>? body)
    {
        var content = new BusWriter();
        body?.Invoke(content);
        var message = new BusWriter();
        message.Bytes([(byte)'l', (byte)BusMessageKind.Call, 0, 1]);
        message.UInt32((uint)content.Length);
        message.UInt32(serial);
        var fields = message.BeginArray(8);
        Field(message, Path, new BusValue("o", path));
        Field(message, Interface, BusValue.Of(@interface));
        Field(message, Member, BusValue.Of(member));
        Field(message, Destination, BusValue.Of(destination));
        if (signature.Length > 0) Field(message, SignatureField, new BusValue("g", signature));
        message.EndArray(fields);
        message.Align(8);
        message.Bytes(content.Written);
        return message;
    }

    /// <summary>How many bytes follow the fixed part.</summary>
    /// <exception cref="TareException">It is none.</exception>
    public static int RestLength(ReadOnlySpan<byte> head)
    {
        var (body, fields) = (BinaryPrimitives.ReadUInt32LittleEndian(head[4..]), BinaryPrimitives.ReadUInt32LittleEndian(head[12..]));
        if (head[0] != 'l' || body > Longest || fields > Longest) throw TareException.Internal("systemd's answer is no message of D-Bus");
        return (int)((fields + 7) / 8 * 8 + body);
    }

    /// <summary>Takes a whole message apart.</summary>
    /// <exception cref="TareException">It is none.</exception>
    public static BusMessage Parse(ReadOnlySpan<byte> message)
    {
        var bodyLength = BinaryPrimitives.ReadUInt32LittleEndian(message[4..]);
        var end = HeadLength + BinaryPrimitives.ReadUInt32LittleEndian(message[12..]);
        var reader = new BusReader(message);
        while (reader.Position < HeadLength) reader.Byte();
        var (replyTo, member, error) = (0u, "", "");
        while (reader.Position < end)
        {
            reader.Align(8);
            var code = reader.Byte();
            switch (reader.Signature())
            {
                case "u":
                    var number = reader.UInt32();
                    if (code == ReplySerial) replyTo = number;
                    break;
                case "g":
                    reader.Signature();
                    break;
                default:
                    var text = reader.String();
                    if (code == Member) member = text;
                    else if (code == ErrorNameField) error = text;
                    break;
            }
        }
        return new BusMessage((BusMessageKind)message[1], replyTo, member, error, message[^(int)bodyLength..].ToArray());
    }

    private static void Field(BusWriter message, byte code, BusValue value)
    {
        message.Align(8);
        message.Byte(code);
        message.Variant(value);
    }
}
