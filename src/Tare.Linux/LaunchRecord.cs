using System.Buffers.Binary;

namespace Tare.Linux;

/// <summary>What a record of the launcher says; the order is that of <c>enum record</c> in <c>launcher.c</c>.</summary>
public enum LaunchRecordKind : uint
{
    /// <summary>The value is the pid of the new process, as the launcher's pid namespace numbers it.</summary>
    Started = 1,

    /// <summary>A step failed with the errno that is the value; nothing was executed.</summary>
    Failed = 2,

    /// <summary>A descriptor came along; the value is a <see cref="SentDescriptor"/>.</summary>
    Descriptor = 3,

    /// <summary>The program waits at the <see cref="SyncPoint"/> that is the value, until it gets the same record.</summary>
    Reached = 4,
}

/// <summary>What a descriptor is that a launch program sends.</summary>
public enum SentDescriptor
{
    /// <summary>The master of the container's terminal.</summary>
    Terminal = 0,

    /// <summary>The listener of a seccomp filter (seccomp_unotify(2)).</summary>
    SeccompListener = 1,
}

/// <summary>Where a launch program waits for whoever launched.</summary>
public enum SyncPoint
{
    /// <summary>The process is there and its ids are to be mapped.</summary>
    MapIds = 1,

    /// <summary>Everything is mounted, and the root is not entered: hooks are to be run.</summary>
    Mounted = 2,

    /// <summary>The process is about to execute its program: hooks are to be run.</summary>
    Starting = 3,

    /// <summary>The process is there, and waits for the rest of its program.</summary>
    Rest = 4,
}

/// <summary>A record on a launcher's status socket: <c>{u32 kind, u32 step, s64 value}</c>.</summary>
public readonly record struct LaunchRecord(LaunchRecordKind Kind, int Step, long Value)
{
    /// <summary>Bytes of a record.</summary>
    public const int Size = 16;

    /// <summary>Reads a record.</summary>
    public static LaunchRecord Read(ReadOnlySpan<byte> record) => new(
        (LaunchRecordKind)BinaryPrimitives.ReadUInt32LittleEndian(record), BinaryPrimitives.ReadInt32LittleEndian(record[4..]), BinaryPrimitives.ReadInt64LittleEndian(record[8..]));

    /// <summary>Writes a record.</summary>
    public void Write(Span<byte> record)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)Kind);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], Step);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], Value);
    }
}
