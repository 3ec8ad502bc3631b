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
    private const int BPF_PROG_DETACH = 9;
    private const int BPF_PROG_GET_FD_BY_ID = 13;
    private const int BPF_PROG_QUERY = 16;
    private const int BPF_PROG_TYPE_CGROUP_DEVICE = 15;
    private const int BPF_CGROUP_DEVICE = 6;
    private const uint BPF_F_ALLOW_MULTI = 2;
    private const uint BPF_F_REPLACE = 4;

    /// <summary>How much of union bpf_attr is told.</summary>
    private const int AttributesSize = 128;

    /// <summary>The kernel attaches no more to one group (<c>BPF_CGROUP_MAX_PROGS</c>).</summary>
    private const int MostPrograms = 64;

    /// <summary>Compiles the rules, the last one that matches deciding and no match denying, and attaches them to a group that has none.</summary>
    /// <exception cref="LinuxException">The kernel refuses the program.</exception>
    public static void Attach(Fd cgroup, IReadOnlyList<DeviceRule> rules)
    {
        using var program = Load(rules);
        Attach(cgroup, program, BPF_F_ALLOW_MULTI, null);
    }

    /// <summary>
    /// As <see cref="Attach(Fd, IReadOnlyList{DeviceRule})"/>, in place of the programs that are attached to the group already: all
    /// of them have to allow a device. One program is exchanged at once (kernel 5.6), so that nothing is refused in between.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refuses the program.</exception>
    public static void Replace(Fd cgroup, IReadOnlyList<DeviceRule> rules)
    {
        var old = Attached(cgroup);
        try
        {
            using var program = Load(rules);
            if (old.Count == 1)
            {
                Attach(cgroup, program, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, old[0]);
                return;
            }
            Attach(cgroup, program, BPF_F_ALLOW_MULTI, null);
            foreach (var other in old) Detach(cgroup, other);
        }
        finally
        {
            foreach (var other in old) other.Dispose();
        }
    }

    private static unsafe Fd Load(IReadOnlyList<DeviceRule> rules)
    {
        var program = Compile(rules);
        var license = "Apache\0"u8;
        var attributes = stackalloc byte[AttributesSize];
        var span = new Span<byte>(attributes, AttributesSize);
        span.Clear();
        fixed (byte* code = program, licenseText = license)
        {
            BinaryPrimitives.WriteInt32LittleEndian(span, BPF_PROG_TYPE_CGROUP_DEVICE);
            BinaryPrimitives.WriteInt32LittleEndian(span[4..], program.Length / 8);
            BinaryPrimitives.WriteUInt64LittleEndian(span[8..], (ulong)code);
            BinaryPrimitives.WriteUInt64LittleEndian(span[16..], (ulong)licenseText);
            var number = syscall(SyscallNumbers.bpf, BPF_PROG_LOAD, attributes, AttributesSize);
            return number < 0 ? throw new LinuxException("load the device program of a control group", Marshal.GetLastPInvokeError()) : new Fd((int)number);
        }
    }

    private static unsafe void Attach(Fd cgroup, Fd program, uint flags, Fd? replaced)
    {
        var attributes = stackalloc byte[AttributesSize];
        var span = new Span<byte>(attributes, AttributesSize);
        span.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(span, cgroup.Number);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], program.Number);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], BPF_CGROUP_DEVICE);
        BinaryPrimitives.WriteUInt32LittleEndian(span[12..], flags);
        if (replaced is not null) BinaryPrimitives.WriteInt32LittleEndian(span[16..], replaced.Number);
        if (syscall(SyscallNumbers.bpf, BPF_PROG_ATTACH, attributes, AttributesSize) < 0)
            throw new LinuxException("attach the device program to a control group", Marshal.GetLastPInvokeError());
    }

    private static unsafe void Detach(Fd cgroup, Fd program)
    {
        var attributes = stackalloc byte[AttributesSize];
        var span = new Span<byte>(attributes, AttributesSize);
        span.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(span, cgroup.Number);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], program.Number);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], BPF_CGROUP_DEVICE);
        if (syscall(SyscallNumbers.bpf, BPF_PROG_DETACH, attributes, AttributesSize) < 0)
            throw new LinuxException("detach an old device program from a control group", Marshal.GetLastPInvokeError());
    }

    /// <summary>The programs that are attached to a group. One that a security module keeps from us stays: it can only forbid more.</summary>
    private static unsafe List<Fd> Attached(Fd cgroup)
    {
        var attributes = stackalloc byte[AttributesSize];
        var span = new Span<byte>(attributes, AttributesSize);
        var ids = stackalloc uint[MostPrograms];
        span.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(span, cgroup.Number);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], BPF_CGROUP_DEVICE);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], (ulong)ids);
        BinaryPrimitives.WriteInt32LittleEndian(span[24..], MostPrograms);
        if (syscall(SyscallNumbers.bpf, BPF_PROG_QUERY, attributes, AttributesSize) < 0)
            throw new LinuxException("list the device programs of a control group", Marshal.GetLastPInvokeError());
        var count = BinaryPrimitives.ReadInt32LittleEndian(span[24..]);
        var programs = new List<Fd>(count);
        for (var i = 0; i < count; i++)
        {
            span.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(span, ids[i]);
            var number = syscall(SyscallNumbers.bpf, BPF_PROG_GET_FD_BY_ID, attributes, AttributesSize);
            if (number >= 0)
            {
                programs.Add(new Fd((int)number));
                continue;
            }
            var error = Marshal.GetLastPInvokeError();
            if (error is Errno.EPERM or Errno.EACCES or Errno.ENOENT) continue;
            foreach (var program in programs) program.Dispose();
            throw new LinuxException("open a device program of a control group", error);
        }
        return programs;
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
