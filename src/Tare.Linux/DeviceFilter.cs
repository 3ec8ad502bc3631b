using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Kinds of devices in a rule.</summary>
public enum DeviceKind
{
    Any = 0,

    /// <summary><c>BPF_DEVCG_DEV_BLOCK</c>.</summary>
    Block = 1,

    /// <summary><c>BPF_DEVCG_DEV_CHAR</c>.</summary>
    Character = 2,
}

/// <summary>What a rule speaks of (<c>BPF_DEVCG_ACC_*</c>).</summary>
[Flags]
public enum DeviceAccess
{
    MakeNode = 1,
    Read = 2,
    Write = 4,
}

/// <summary>A device rule; null numbers match all.</summary>
public readonly record struct DeviceRule(bool Allow, DeviceKind Kind, uint? Major, uint? Minor, DeviceAccess Access);

/// <summary>Access to devices in a control group of version 2: a BPF program of type CGROUP_DEVICE (bpf(2)).</summary>
public static partial class DeviceFilter
{
    private const int BPF_PROG_LOAD = 5;
    private const int BPF_PROG_ATTACH = 8;
    private const int BPF_PROG_TYPE_CGROUP_DEVICE = 15;
    private const int BPF_CGROUP_DEVICE = 6;
    private const uint BPF_F_ALLOW_MULTI = 2;

    /// <summary>Compiles the rules, the last one that matches deciding and no match denying, and attaches them to a group.</summary>
    /// <exception cref="LinuxException">The kernel refuses the program.</exception>
    public static unsafe void Attach(Fd cgroup, IReadOnlyList<DeviceRule> rules)
    {
        var program = Compile(rules);
        var license = "Apache\0"u8;
        var attributes = stackalloc byte[128];
        var span = new Span<byte>(attributes, 128);
        span.Clear();
        fixed (byte* code = program, licenseText = license)
        {
            BinaryPrimitives.WriteInt32LittleEndian(span, BPF_PROG_TYPE_CGROUP_DEVICE);
            BinaryPrimitives.WriteInt32LittleEndian(span[4..], program.Length / 8);
            BinaryPrimitives.WriteUInt64LittleEndian(span[8..], (ulong)code);
            BinaryPrimitives.WriteUInt64LittleEndian(span[16..], (ulong)licenseText);
            var number = syscall(SyscallNumbers.bpf, BPF_PROG_LOAD, attributes, 128);
            if (number < 0) throw new LinuxException("load the device program of a control group", Marshal.GetLastPInvokeError());
            using var loaded = new Fd((int)number);
            span.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(span, cgroup.Number);
            BinaryPrimitives.WriteInt32LittleEndian(span[4..], loaded.Number);
            BinaryPrimitives.WriteInt32LittleEndian(span[8..], BPF_CGROUP_DEVICE);
            BinaryPrimitives.WriteUInt32LittleEndian(span[12..], BPF_F_ALLOW_MULTI);
            if (syscall(SyscallNumbers.bpf, BPF_PROG_ATTACH, attributes, 128) < 0)
                throw new LinuxException("attach the device program to a control group", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>
    /// The program, as eBPF instructions. Context (<c>struct bpf_cgroup_dev_ctx</c>): access_type (low half: kind, high half: access),
    /// major, minor. Registers: r2 kind, r3 access, r4 major, r5 minor.
    /// </summary>
    internal static byte[] Compile(IReadOnlyList<DeviceRule> rules)
    {
        var code = new List<ulong>
        {
            Instruction(0x61, 2, 1, 0, 0),          // r2 = *(u32 *)(r1 + 0)
            Instruction(0xbc, 3, 2, 0, 0),          // w3 = w2
            Instruction(0x54, 2, 0, 0, 0xffff),     // w2 &= 0xffff
            Instruction(0x74, 3, 0, 0, 16),         // w3 >>= 16
            Instruction(0x61, 4, 1, 4, 0),          // r4 = major
            Instruction(0x61, 5, 1, 8, 0),          // r5 = minor
        };
        for (var i = rules.Count - 1; i >= 0; i--)
        {
            var rule = rules[i];
            var block = new List<ulong>();
            var skips = new List<int>();
            if (rule.Kind != DeviceKind.Any) Unless(Instruction(0x55, 2, 0, 0, (int)rule.Kind));
            if (rule.Access != (DeviceAccess.MakeNode | DeviceAccess.Read | DeviceAccess.Write))
            {
                // An allowing rule must cover all that is asked for; a denying one applies when it covers any of it.
                block.Add(Instruction(0xbc, 1, 3, 0, 0));
                block.Add(Instruction(0x54, 1, 0, 0, (int)rule.Access));
                if (rule.Allow) Unless(Instruction(0x5d, 1, 3, 0, 0));
                else Unless(Instruction(0x15, 1, 0, 0, 0));
            }
            if (rule.Major is { } major) Unless(Instruction(0x55, 4, 0, 0, (int)major));
            if (rule.Minor is { } minor) Unless(Instruction(0x55, 5, 0, 0, (int)minor));
            block.Add(Instruction(0xb4, 0, 0, 0, rule.Allow ? 1 : 0));
            block.Add(Instruction(0x95, 0, 0, 0, 0));
            foreach (var at in skips) block[at] |= (ulong)(ushort)(block.Count - at - 1) << 16;
            code.AddRange(block);

            // What an unconditional rule leaves over is never reached, and the verifier refuses such code.
            if (skips.Count == 0) return Bytes(code);

            void Unless(ulong jump)
            {
                skips.Add(block.Count);
                block.Add(jump);
            }
        }
        code.Add(Instruction(0xb4, 0, 0, 0, 0));
        code.Add(Instruction(0x95, 0, 0, 0, 0));
        return Bytes(code);
    }

    private static byte[] Bytes(List<ulong> code)
    {
        var bytes = new byte[code.Count * 8];
        for (var i = 0; i < code.Count; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * i), code[i]);
        return bytes;
    }

    private static ulong Instruction(byte operation, int destination, int source, short offset, int immediate) =>
        operation | (ulong)(destination | source << 4) << 8 | (ulong)(ushort)offset << 16 | (ulong)(uint)immediate << 32;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint syscall(nint number, nint command, void* attributes, nint size);
}
