using System.Runtime.InteropServices;
using Tare.Errors;

namespace Tare.Runtime.Seccomp;

/// <summary>
/// Writes a program of classic BPF from its end to its beginning. Jumps go forwards only, so that every target is written before
/// what jumps there, and one pass is enough. A place is the number of an instruction, counted from the end.
/// </summary>
internal sealed class BpfWriter
{
    /// <summary>BPF_MAXINSNS: what the kernel takes.</summary>
    public const int Limit = 4096;

    private const ushort LoadWord = 0x20;
    private const ushort And = 0x54;
    private const ushort JumpAlways = 0x05;
    private const ushort ReturnConstant = 0x06;

    // A conditional jump passes over 255 instructions at most, and bridges for both of its targets may be laid before it.
    private const int Reach = 254;

    private readonly List<Instruction> code = [];
    private readonly Dictionary<uint, int> returns = [];
    private readonly Dictionary<int, int> bridges = [];

    /// <summary>Ends the program with an answer.</summary>
    public int Return(uint value) => returns.TryGetValue(value, out var place) ? place : returns[value] = Add(new Instruction(ReturnConstant, 0, 0, value));

    /// <summary>Loads 32 bits of the call's description (<c>struct seccomp_data</c>), cuts them to a mask, and goes on.</summary>
    public int Load(int offset, int next, uint mask = uint.MaxValue)
    {
        if (next != code.Count - 1) Add(new Instruction(JumpAlways, 0, 0, (uint)Distance(next)));
        if (mask != uint.MaxValue) Add(new Instruction(And, 0, 0, mask));
        return Add(new Instruction(LoadWord, 0, 0, (uint)offset));
    }

    /// <summary>Compares what was loaded, and goes on at one of two places.</summary>
    public int Jump(BpfComparison comparison, uint value, int whenTrue, int whenFalse)
    {
        whenTrue = Within(whenTrue);
        whenFalse = Within(whenFalse);
        return Add(new Instruction((ushort)comparison, (byte)Distance(whenTrue), (byte)Distance(whenFalse), value));
    }

    /// <summary>The program, as the kernel reads it.</summary>
    public byte[] ToArray()
    {
        var forwards = code.ToArray();
        Array.Reverse(forwards);
        return MemoryMarshal.AsBytes<Instruction>(forwards).ToArray();
    }

    private int Distance(int target) => code.Count - target - 1;

    /// <summary>The target itself, or a place nearer by that goes there: for an answer, the same answer once more.</summary>
    private int Within(int target)
    {
        if (Distance(target) <= Reach) return target;
        if (bridges.TryGetValue(target, out var bridge) && Distance(bridge) <= Reach) return bridge;
        var there = code[target];
        return bridges[target] = Add(there.Code == ReturnConstant ? there : new Instruction(JumpAlways, 0, 0, (uint)Distance(target)));
    }

    private int Add(Instruction instruction)
    {
        if (code.Count == Limit) throw TareException.Invalid($"the seccomp profile needs more than the {Limit} instructions that the kernel takes; give it fewer conditions on arguments");
        code.Add(instruction);
        return code.Count - 1;
    }

    /// <summary><c>struct sock_filter</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte True, byte False, uint Value);
}

/// <summary>Comparisons with a constant, by the code of their instruction.</summary>
internal enum BpfComparison
{
    Equal = 0x15,
    Greater = 0x25,
    GreaterOrEqual = 0x35,
}
