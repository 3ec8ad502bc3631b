namespace Tare.Runtime.Launching;

/// <summary>
/// The binary form of a launch program, twin of the structures in <c>launcher.c</c>. Little-endian: a header of 32 bytes, the steps of
/// 64 bytes each, the relocations of 8 bytes each, the data.
/// </summary>
internal static class LaunchProgramFormat
{
    public const uint Magic = 0x4C524154;
    public const ushort Version = 2;
    public const int HeaderSize = 32;
    public const int StepSize = 64;
    public const int RelocationSize = 8;
    public const int MaxSlots = 256;
    public const ushort NoSlot = 0xffff;
    public const ushort AnyError = 0xffff;
}

/// <summary>What a step does; the order is that of <c>enum op</c>.</summary>
internal enum Operation : byte
{
    SystemCall,
    Jump,
    Branch,
    Clone,
    Execute,
    Store,
    Format,
    ResetSignals,
    Init,
    Fail,
    SendDescriptor,
    Load,
    Look,
    Synchronise,
    Status,
    Listen,
    Copy,
    Rest,
}

/// <summary>How an argument is meant; the order is that of <c>enum kind</c>.</summary>
internal enum ArgumentKind
{
    Immediate,
    Slot,
    Data,
    SlotAddress,
}

/// <summary>A result of a step that later steps use.</summary>
internal readonly record struct Slot(int Index);

/// <summary>A place in the program's data.</summary>
internal readonly record struct DataOffset(int Offset);

/// <summary>A place in the program to jump to; bound by <see cref="LaunchProgramBuilder.Mark"/>.</summary>
internal sealed class Label
{
    public int Step { get; set; } = -1;
}

/// <summary>One argument of a step.</summary>
internal readonly record struct Argument(ArgumentKind Kind, ulong Value)
{
    public static implicit operator Argument(int value) => new(ArgumentKind.Immediate, (ulong)(long)value);

    public static implicit operator Argument(uint value) => new(ArgumentKind.Immediate, value);

    public static implicit operator Argument(long value) => new(ArgumentKind.Immediate, (ulong)value);

    public static implicit operator Argument(ulong value) => new(ArgumentKind.Immediate, value);

    public static implicit operator Argument(Slot slot) => new(ArgumentKind.Slot, (ulong)slot.Index);

    public static implicit operator Argument(DataOffset data) => new(ArgumentKind.Data, (ulong)data.Offset);

    public static Argument AddressOf(Slot slot) => new(ArgumentKind.SlotAddress, (ulong)slot.Index);
}
