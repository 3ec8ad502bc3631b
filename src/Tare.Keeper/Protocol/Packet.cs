using System.Buffers.Binary;
using Tare.Errors;

namespace Tare.Keeper.Protocol;

/// <summary>What a packet says.</summary>
internal enum PacketType : uint
{
    Done = 0,
    Refused = 1,
    Hello = 2,
    Welcome = 3,
    Launch = 4,
    Launched = 5,
    LaunchFailed = 6,
    CloseStdin = 7,
    Acknowledge = 8,
    Watch = 9,
    Watching = 10,
    Unwatch = 11,
    Advance = 12,
    List = 13,
    Kept = 14,
    Adopt = 15,
    Subscribe = 16,
    Exited = 17,
    Upgrade = 18,
    Hold = 19,
    Release = 20,
    Holdings = 21,
    Held = 22,
}

/// <summary>
/// The protocol between daemon and keeper: packets over a SEQPACKET unix socket, <c>EXEC-ROOT/keeper.sock</c>, mode 0600, whose
/// peer must be root.
/// </summary>
/// <remarks>
/// <code>
///   packet    u32 type | u32 0 | u64 request | fields …         + descriptors (SCM_RIGHTS)
///
///   daemon                                              keeper
///     Hello {lowest, highest version}           ──▶
///                                               ◀──     Welcome {version, pid}
///     Hold {name, total, first; descriptors}    ──▶              a part of a list that the keeper is to hold; 0 … n times here,
///                                               ◀──     Done     from a daemon that saw the last keeper die, and whenever it likes
///     Holdings {}                               ──▶
///                                               ◀──     Held {name, total, first; descriptors} (one packet for each part), then
///                                                       Done {torn: a list was replaced meanwhile, ask again}
///     Adopt {record; D}          (0 … n times)  ──▶              a daemon that saw the last keeper die gives what it holds
///                                               ◀──     Done
///     Subscribe {}                              ──▶              from now on: exits, first the unacknowledged ones
///                                               ◀──     Done
///     List {}                                   ──▶
///                                               ◀──     Kept {record; D}   (one packet for each process), then Done
///     Launch {record; program, descriptors …}   ──▶
///                                               ◀──     Launched {pid, started; D}  or  LaunchFailed {step, error}
///     CloseStdin {key}                          ──▶
///                                               ◀──     Done
///     Watch {key, watch, hold, position; eventfd} ──▶
///                                               ◀──     Watching {start, committed, end}
///     Advance {watch, position}                 ──▶              no answer
///     Unwatch {watch}                           ──▶              no answer
///                                               ◀──     Exited {key, exit}     request 0, whenever a process has ended
///     Acknowledge {key}                         ──▶              its end is on disk: forget it
///                                               ◀──     Done
///     Release {name}                            ──▶              close what is held under it
///                                               ◀──     Done
///     Upgrade {; binary, if not its own}        ──▶
///                                               ◀──     Done, from the new program   or  Refused, from the old one
///
///   D         the process's descriptors, those of these that there are, in this order (field Slots says which):
///             pidfd, stdin's write end, stdout's read end, stderr's read end, the pty's master
/// </code>
/// Any request may be answered with Refused {kind, message}. A request may be repeated on a new connection; all are idempotent, but
/// for a part that is not the first one of its list: the first one begins a list, the last one puts it in the place of the one before,
/// and what a connection or a program that ends has received in part is gone.
/// </remarks>
internal static class Packet
{
    /// <summary>The version that is spoken; raised when a neighbour could misunderstand, not for a new field.</summary>
    public const int Version = 1;

    /// <summary>No packet is larger; the socket's buffer holds several.</summary>
    public const int MaxSize = 32 * 1024;

    public const int HeaderSize = 16;

    public static void WriteHeader(Span<byte> packet, PacketType type, ulong request)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(packet, (ulong)type);
        BinaryPrimitives.WriteUInt64LittleEndian(packet[8..], request);
    }

    public static (PacketType Type, ulong Request) ReadHeader(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < HeaderSize) throw TareException.Invalid("malformed keeper message: it is too short");
        return ((PacketType)BinaryPrimitives.ReadUInt32LittleEndian(packet), BinaryPrimitives.ReadUInt64LittleEndian(packet[8..]));
    }
}

/// <summary>The numbers of the fields in packets, in the journal and in the handover. They are never used anew for something else.</summary>
internal static class Field
{
    // A process and its end.
    public const int Id = 1;
    public const int Generation = 2;
    public const int Container = 3;
    public const int Pid = 4;
    public const int Identity = 5;
    public const int Started = 6;
    public const int Terminal = 7;
    public const int Output = 8;
    public const int LogDirectory = 9;
    public const int LogMaxBytes = 10;
    public const int LogSegmentBytes = 11;
    public const int LogStart = 12;
    public const int OpenStdin = 13;
    public const int Ended = 14;
    public const int ExitCode = 15;
    public const int Signaled = 16;
    public const int EndedAt = 17;
    public const int LogEnd = 18;
    public const int Slots = 19;

    // Requests and answers.
    public const int LowestVersion = 30;
    public const int HighestVersion = 31;
    public const int Step = 32;
    public const int Error = 33;
    public const int Message = 34;
    public const int Watch = 35;
    public const int Hold = 36;
    public const int Position = 37;
    public const int Committed = 38;
    public const int Name = 39;
    public const int Total = 40;
    public const int First = 41;
    public const int Torn = 42;

    // The handover of an upgrade.
    public const int FormatVersion = 50;
    public const int ReadableFrom = 51;
    public const int Listener = 52;
    public const int Lock = 53;
    public const int Session = 54;
    public const int Process = 55;
    public const int LogWatch = 56;
    public const int SessionId = 57;
    public const int Subscribed = 58;
    public const int Descriptor = 59;
    public const int Phase = 60;
    public const int Owner = 61;
    public const int Adopted = 62;
    public const int Bare = 63;
    public const int LauncherPid = 64;
    public const int StatusSocket = 65;
    public const int ProcessGone = 66;
    public const int Waiting = 67;
    public const int Request = 68;
    public const int Record = 69;
    public const int Aborted = 70;
    public const int Holding = 71;
}
