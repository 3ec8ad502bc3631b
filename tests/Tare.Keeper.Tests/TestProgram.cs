using System.Buffers.Binary;
using System.Text;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>
/// The smallest launch programs: clone as the keeper's child, perhaps open a pty, execute. Written out here, against the format in
/// launcher.c, so that the keeper's tests need no compiler of programs.
/// </summary>
internal sealed class TestProgram
{
    private const int Syscall = 0, Jump = 1, Clone = 3, Exec = 4, ResetSignals = 7, FailStep = 9, SendFd = 10;
    private const int Data = 2, Slot = 1;
    private readonly List<byte[]> steps = [];
    private readonly List<(uint At, uint To)> relocations = [];
    private readonly MemoryStream data = new();
    private bool waits;

    /// <summary>A program that executes a command, perhaps with a pty.</summary>
    public static Fd Execute(bool terminal, params string[] arguments) => new TestProgram().Build(terminal, null, arguments);

    public static Fd Shell(string script) => Execute(false, "/bin/sh", "-c", script);

    public static Fd TerminalShell(string script) => Execute(true, "/bin/sh", "-c", script);

    /// <summary>A program that, before it makes its process, waits for the end of the pipe that is its first descriptor.</summary>
    public static Fd WaitingShell(string script) => new TestProgram { waits = true }.Build(false, null, ["/bin/sh", "-c", script]);

    /// <summary>A program whose child fails with an error number, at the step that is given back.</summary>
    public static (Fd Program, int Step) Failing(int error) => (new TestProgram().Build(false, error, ["/bin/true"]), 2);

    private Fd Build(bool terminal, int? failWith, string[] arguments)
    {
        var cloneArguments = new byte[88];
        BinaryPrimitives.WriteUInt64LittleEndian(cloneArguments, 0x8000); // CLONE_PARENT
        var clone = Put(cloneArguments);
        if (waits)
        {
            // The end of the file is when the test has closed its end, and the launcher's own copies are not in the way.
            var x64 = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64;
            Step(Syscall, x64 ? (ushort)0 : (ushort)63, [(0, 5), (Data, Put(new byte[8])), (0, 8)]);
        }
        var jump = steps.Count + 1;
        Step(Clone, 0, [(Data, clone), (0, 88), (0, (ulong)steps.Count + 2)]);
        Step(Jump, 0, [(0, 0)]); // patched below
        if (failWith is { } error) Step(FailStep, 0, [(0, (ulong)error)]);
        if (terminal)
        {
            var x64 = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64;
            var (openat, ioctl, setsid, dup3) = x64 ? ((ushort)257, (ushort)16, (ushort)112, (ushort)292) : ((ushort)56, (ushort)29, (ushort)157, (ushort)24);
            Step(Syscall, openat, [(0, unchecked((ulong)-100)), (Data, Put("/dev/ptmx\0"u8)), (0, 0x102), (0, 0)], result: 0);
            Step(Syscall, ioctl, [(Slot, 0), (0, 0x40045431), (Data, Put(new byte[8]))]);
            Step(SendFd, 0, [(Slot, 0)]);
            Step(Syscall, ioctl, [(Slot, 0), (0, 0x5441), (0, 0x102)], result: 1);
            Step(Syscall, setsid, []);
            Step(Syscall, ioctl, [(Slot, 1), (0, 0x540E), (0, 0)]);
            for (ulong target = 0; target < 3; target++) Step(Syscall, dup3, [(Slot, 1), (0, target), (0, 0)]);
        }
        Step(ResetSignals, 0, []);
        Step(Syscall, 436, [(0, 3), (0, uint.MaxValue), (0, 4)]); // close_range(3, ~0, CLOSE_RANGE_CLOEXEC)
        var path = Put(Encoding.UTF8.GetBytes(arguments[0] + "\0"));
        var table = Put([1, 0, 0, 0, 0, 0, 0, 0, .. BitConverter.GetBytes((uint)path)]); // one path, no search
        var strings = arguments.Select(argument => (uint)Put(Encoding.UTF8.GetBytes(argument + "\0"))).ToArray();
        var argv = Put(new byte[8 * (strings.Length + 1)]);
        for (var i = 0; i < strings.Length; i++) relocations.Add(((uint)argv + (uint)(8 * i), strings[i]));
        var name = (uint)Put("PATH=/usr/bin:/bin\0"u8);
        var envp = Put(new byte[16]);
        relocations.Add(((uint)envp, name));
        Step(Exec, 0, [(Data, table), (Data, argv), (Data, envp)]);
        BinaryPrimitives.WriteUInt64LittleEndian(steps[jump].AsSpan(16), (ulong)steps.Count);

        using var image = new MemoryStream();
        var header = new byte[32];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x4C524154);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), 8);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), steps.Count);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), relocations.Count);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), 32 + (64 * steps.Count) + (8 * relocations.Count));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), (int)data.Length);
        image.Write(header);
        foreach (var step in steps) image.Write(step);
        foreach (var (at, to) in relocations)
        {
            image.Write(BitConverter.GetBytes(at));
            image.Write(BitConverter.GetBytes(to));
        }
        image.Write(data.ToArray());
        return Descriptors.SealedMemory("test-program", image.ToArray());
    }

    private void Step(byte op, ushort number, (int Kind, ulong Value)[] arguments, int result = 0xffff)
    {
        var step = new byte[64];
        step[0] = op;
        BinaryPrimitives.WriteUInt16LittleEndian(step.AsSpan(2), number);
        var kinds = 0;
        for (var i = 0; i < arguments.Length; i++)
        {
            kinds |= arguments[i].Kind << (2 * i);
            BinaryPrimitives.WriteUInt64LittleEndian(step.AsSpan(16 + (8 * i)), arguments[i].Value);
        }
        BinaryPrimitives.WriteUInt16LittleEndian(step.AsSpan(4), (ushort)kinds);
        BinaryPrimitives.WriteUInt16LittleEndian(step.AsSpan(6), (ushort)result);
        steps.Add(step);
    }

    private ulong Put(ReadOnlySpan<byte> bytes)
    {
        while (data.Length % 8 != 0) data.WriteByte(0);
        var offset = (ulong)data.Length;
        data.Write(bytes);
        return offset;
    }
}
