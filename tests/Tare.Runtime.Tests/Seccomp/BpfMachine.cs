using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tare.Runtime.Tests.Seccomp;

/// <summary>A system call as a filter sees it (<c>struct seccomp_data</c>).</summary>
internal sealed record SystemCall(uint Architecture, uint Number, params ulong[] Arguments)
{
    /// <summary>The 32 bits at an offset.</summary>
    public uint Word(uint offset) => offset switch
    {
        0 => Number,
        4 => Architecture,
        8 or 12 => 0xDEADBEEF,
        < 64 => (uint)(Arguments.ElementAtOrDefault((int)(offset - 16) / 8) >> ((offset & 4) == 0 ? 0 : 32)),
        _ => throw new InvalidOperationException($"load beyond the call's description, at {offset}"),
    };
}

/// <summary>Runs a filter as the kernel does, and refuses what the kernel refuses (bpf_check_classic, seccomp_check_filter).</summary>
internal sealed class BpfMachine
{
    private readonly (ushort Code, byte True, byte False, uint Value)[] code;

    public BpfMachine(byte[] program)
    {
        Assert.Equal(0, program.Length % 8);
        code = [.. Enumerable.Range(0, program.Length / 8).Select(i => program.AsSpan(i * 8, 8).ToArray())
            .Select(i => (BinaryPrimitives.ReadUInt16LittleEndian(i), i[2], i[3], BinaryPrimitives.ReadUInt32LittleEndian(i.AsSpan(4))))];
        Assert.InRange(code.Length, 1, 4096);
        for (var i = 0; i < code.Length; i++)
        {
            var (operation, whenTrue, whenFalse, value) = code[i];
            switch (operation)
            {
                case 0x20: Assert.True(value < 64 && value % 4 == 0); break;
                case 0x05: Assert.True(i + 1 + (long)value < code.Length); break;
                case 0x15 or 0x25 or 0x35 or 0x45: Assert.True(i + 1 + Math.Max(whenTrue, whenFalse) < code.Length); break;
                case 0x54 or 0x06: break;
                default: Assert.Fail($"instruction {i} has code {operation:x}"); break;
            }
        }
        Assert.Equal(0x06, code[^1].Code);
    }

    public int Length => code.Length;

    /// <summary>The filter's answer.</summary>
    public uint Run(SystemCall call) => Run(call, out _);

    /// <summary>The filter's answer, and after how many instructions.</summary>
    public uint Run(SystemCall call, out int steps)
    {
        uint accumulator = 0;
        steps = 0;
        for (var i = 0; ; i++)
        {
            steps++;
            var (operation, whenTrue, whenFalse, value) = code[i];
            switch (operation)
            {
                case 0x20: accumulator = call.Word(value); break;
                case 0x54: accumulator &= value; break;
                case 0x05: i += (int)value; break;
                case 0x15: i += accumulator == value ? whenTrue : whenFalse; break;
                case 0x25: i += accumulator > value ? whenTrue : whenFalse; break;
                case 0x35: i += accumulator >= value ? whenTrue : whenFalse; break;
                case 0x45: i += (accumulator & value) != 0 ? whenTrue : whenFalse; break;
                default: return value;
            }
        }
    }
}
