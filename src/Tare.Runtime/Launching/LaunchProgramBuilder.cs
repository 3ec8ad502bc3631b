using System.Buffers.Binary;
using System.Text;
using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>What a step is for, kept beside the program so that its failure can be put into words.</summary>
/// <param name="Stage">Which part of the launch.</param>
/// <param name="Object">The path, name or value concerned.</param>
internal readonly record struct Purpose(Stage Stage, string Object = "");

/// <summary>The parts of a launch that can fail in their own way.</summary>
internal enum Stage
{
    Setup,
    Cgroup,
    UserMap,
    Namespace,
    Clone,
    Root,
    Mount,
    CopyUp,
    Hook,
    Device,
    Sysctl,
    Hostname,
    Terminal,
    Label,
    Attribute,
    MemoryPolicy,
    WorkingDirectory,
    Rlimit,
    User,
    Capabilities,
    Seccomp,
    Execute,
}

/// <summary>Assembles a launch program step by step.</summary>
internal sealed class LaunchProgramBuilder
{
    private const int ErrorsAt = 8;
    private const int ArgumentsAt = 16;
    private const int HandlerSize = 4;

    /// <summary>A block of steps is 16 KiB: a program that grows is not copied, and none of it is a large object.</summary>
    private const int StepsOfBlock = 256;

    private readonly List<byte[]> blocks = [];
    private readonly List<(int First, Purpose Purpose)> purposes = [];
    private readonly List<(int Step, int Offset, Label Target)> jumps = [];
    private readonly List<(int At, int To)> relocations = [];
    private readonly Dictionary<string, DataOffset> strings = [];
    private byte[] data = new byte[4096];
    private int count;
    private int dataLength;
    private int slots;

    /// <summary>What the steps that follow are for.</summary>
    public Purpose Purpose { get; set; }

    /// <summary>A new slot.</summary>
    public Slot NewSlot() => slots < LaunchProgramFormat.MaxSlots
        ? new Slot(slots++)
        : throw new InvalidOperationException("the launch program needs more slots than the launcher has");

    /// <summary>Binds a label to the next step.</summary>
    public void Mark(Label label) => label.Step = count;

    /// <summary>A system call.</summary>
    public Step Call(int number, params ReadOnlySpan<Argument> arguments) => Add(Operation.SystemCall, number, arguments);

    /// <summary>Goes on elsewhere.</summary>
    public void Jump(Label target) => Aim(Add(Operation.Jump, 0, []), 0, target);

    /// <summary>Goes on elsewhere when two values are equal.</summary>
    public void BranchIfEqual(Argument left, Argument right, Label target) => Branch(left, right, target, 0);

    /// <summary>Goes on elsewhere when two values differ.</summary>
    public void BranchIfNot(Argument left, Argument right, Label target) => Branch(left, right, target, 1);

    private void Branch(Argument left, Argument right, Label target, int negated)
    {
        Aim(Add(Operation.Branch, negated, [left, right]), 2, target);
    }

    /// <summary><c>clone3</c>; the child goes on at <paramref name="child"/>, the parent with the next step.</summary>
    public Step Clone(DataOffset arguments, int size, Label child)
    {
        var step = Add(Operation.Clone, 0, [arguments, size]);
        Aim(step, 2, child);
        return step;
    }

    /// <summary>A table of paths, for <see cref="Execute"/> and <see cref="Look"/>.</summary>
    /// <param name="paths">The paths, in the order in which they are tried.</param>
    /// <param name="searched">Whether they are those of a search, in which one that is not there is passed over; else the error of the only one is the step's.</param>
    public DataOffset PathTable(IReadOnlyList<string> paths, bool searched)
    {
        var offsets = new int[paths.Count];
        for (var i = 0; i < offsets.Length; i++) offsets[i] = Text(paths[i]).Offset;
        var table = Reserve(4 * (offsets.Length + 2), 4);
        WriteUInt32(table.Offset, (uint)offsets.Length);
        WriteUInt32(table.Offset + 4, searched ? 1u : 0);
        for (var i = 0; i < offsets.Length; i++) WriteUInt32(table.Offset + 4 * (i + 2), (uint)offsets[i]);
        return table;
    }

    /// <summary>Tries each path in turn with execve(2).</summary>
    public void Execute(DataOffset paths, DataOffset argv, DataOffset envp) => Add(Operation.Execute, 0, [paths, argv, envp]);

    /// <summary>Fails as <see cref="Execute"/> would when there is nothing that may be executed.</summary>
    public void Look(DataOffset paths) => Add(Operation.Look, 0, [paths]);

    /// <summary>Copies data into a slot.</summary>
    public void Load(Slot to, DataOffset from, int bytes) => Add(Operation.Load, bytes, [from]).Into(to);

    /// <summary>Writes a number in decimal and then a text, zero-terminated.</summary>
    public void Format(DataOffset to, Slot number, string suffix) => Add(Operation.Format, 0, [to, number, Text(suffix)]);

    /// <summary>Tells whoever launched that a point is reached, and waits for the word to go on.</summary>
    public void Synchronise(SyncPoint point) => Add(Operation.Synchronise, 0, [(int)point]);

    /// <summary>From here on another descriptor is the status socket.</summary>
    public void UseStatus(Argument descriptor) => Add(Operation.Status, 0, [descriptor]);

    /// <summary>Fails.</summary>
    public void Fail(int error) => Add(Operation.Fail, 0, [error]);

    /// <summary>Copies a slot's value into the data.</summary>
    public void Store(DataOffset to, Slot from, int bytes) => Add(Operation.Store, bytes, [to, from]);

    /// <summary>All signals to their default disposition, none blocked.</summary>
    public void ResetSignals() => Add(Operation.ResetSignals, 0, []);

    /// <summary>Splits into an init (process 1, which stays in the launcher) and its child, which goes on with the next step.</summary>
    public void Init() => Add(Operation.Init, 0, []);

    /// <summary>Sends a descriptor to whoever launched.</summary>
    public void Send(Slot descriptor, SentDescriptor kind) => Add(Operation.SendDescriptor, 0, [descriptor, (int)kind]);

    /// <summary>Loads a seccomp filter and sends its listener, from a thread that the filter is not upon.</summary>
    public void Listen(uint flags, DataOffset filter, SentDescriptor kind) => Add(Operation.Listen, 0, [flags, filter, (int)kind]);

    /// <summary>Copies all that is in one directory into another. No link is followed.</summary>
    public void Copy(Slot from, Slot to) => Add(Operation.Copy, 0, [from, to]);

    /// <summary>
    /// Waits for the rest of the program: what has been built so far can run up to here, while the rest is added to it. What steps have
    /// written into the data is forgotten; the slots stay.
    /// </summary>
    /// <param name="next">The number of the first descriptor that comes with the rest; everything from it on is closed before.</param>
    public void WaitForRest(int next) => Add(Operation.Rest, 0, [(int)SyncPoint.Rest, next]);

    /// <summary>A zero-terminated UTF-8 string.</summary>
    public DataOffset Text(string value)
    {
        if (strings.TryGetValue(value, out var known)) return known;
        var count = Encoding.UTF8.GetByteCount(value);
        var offset = Reserve(count + 1, 1);
        Encoding.UTF8.GetBytes(value, data.AsSpan(offset.Offset, count));
        strings.Add(value, offset);
        return offset;
    }

    /// <summary>A null-terminated array of pointers to strings, as execve(2) takes it.</summary>
    public DataOffset TextArray(IReadOnlyList<string> values)
    {
        var array = Reserve(8 * (values.Count + 1), 8);
        for (var i = 0; i < values.Count; i++) relocations.Add((array.Offset + 8 * i, Text(values[i]).Offset));
        return array;
    }

    /// <summary>Bytes, aligned to 8.</summary>
    public DataOffset Bytes(ReadOnlySpan<byte> value)
    {
        var offset = Reserve(value.Length, 8);
        value.CopyTo(data.AsSpan(offset.Offset));
        return offset;
    }

    /// <summary>64-bit words.</summary>
    public DataOffset Words(params ReadOnlySpan<ulong> values)
    {
        var offset = Reserve(8 * values.Length, 8);
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(offset.Offset + 8 * i), values[i]);
        return offset;
    }

    /// <summary>32-bit words.</summary>
    public DataOffset Words32(params ReadOnlySpan<uint> values)
    {
        var offset = Reserve(4 * values.Length, 8);
        for (var i = 0; i < values.Length; i++) WriteUInt32(offset.Offset + 4 * i, values[i]);
        return offset;
    }

    /// <summary>Makes the launcher put the address of one piece of data into another.</summary>
    public void Point(DataOffset at, DataOffset to) => relocations.Add((at.Offset, to.Offset));

    /// <summary>The program.</summary>
    public LaunchProgram Build()
    {
        var dataOffset = LaunchProgramFormat.HeaderSize + count * LaunchProgramFormat.StepSize + relocations.Count * LaunchProgramFormat.RelocationSize;
        var program = new byte[dataOffset + dataLength];
        var at = program.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(at, LaunchProgramFormat.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(at[4..], LaunchProgramFormat.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(at[6..], (ushort)slots);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], (uint)count);
        BinaryPrimitives.WriteUInt32LittleEndian(at[12..], (uint)relocations.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(at[16..], (uint)dataOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(at[20..], (uint)dataLength);
        at = at[LaunchProgramFormat.HeaderSize..];
        for (var first = 0; first < count; first += StepsOfBlock)
            blocks[first / StepsOfBlock].AsSpan(0, Math.Min(StepsOfBlock, count - first) * LaunchProgramFormat.StepSize).CopyTo(at[(first * LaunchProgramFormat.StepSize)..]);
        foreach (var (step, offset, target) in jumps)
        {
            if (target.Step < 0) throw new InvalidOperationException("a label of the launch program was never bound");
            var place = at[(step * LaunchProgramFormat.StepSize + offset)..];
            if (offset >= ArgumentsAt) BinaryPrimitives.WriteUInt64LittleEndian(place, (ulong)target.Step);
            else BinaryPrimitives.WriteUInt16LittleEndian(place, checked((ushort)target.Step));
        }
        at = at[(count * LaunchProgramFormat.StepSize)..];
        foreach (var (from, to) in relocations)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)from);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], (uint)to);
            at = at[LaunchProgramFormat.RelocationSize..];
        }
        data.AsSpan(0, dataLength).CopyTo(at);
        return new LaunchProgram(program, [.. purposes], count);
    }

    private Step Add(Operation operation, int number, ReadOnlySpan<Argument> arguments)
    {
        if (count == blocks.Count * StepsOfBlock) blocks.Add(new byte[StepsOfBlock * LaunchProgramFormat.StepSize]);
        var step = At(count);
        var kinds = 0;
        for (var i = 0; i < arguments.Length; i++)
        {
            kinds |= (int)arguments[i].Kind << (2 * i);
            BinaryPrimitives.WriteUInt64LittleEndian(step[(ArgumentsAt + 8 * i)..], arguments[i].Value);
        }
        step[0] = (byte)operation;
        BinaryPrimitives.WriteUInt16LittleEndian(step[2..], checked((ushort)number));
        BinaryPrimitives.WriteUInt16LittleEndian(step[4..], (ushort)kinds);
        BinaryPrimitives.WriteUInt16LittleEndian(step[6..], LaunchProgramFormat.NoSlot);
        if (purposes.Count == 0 || purposes[^1].Purpose.Stage != Purpose.Stage || purposes[^1].Purpose.Object != Purpose.Object) purposes.Add((count, Purpose));
        return new Step(this, count++);
    }

    /// <summary>Makes an argument of a step the place of a label.</summary>
    private void Aim(Step step, int argument, Label target) => jumps.Add((step.Index, ArgumentsAt + 8 * argument, target));

    private Span<byte> At(int step) => blocks[step / StepsOfBlock].AsSpan(step % StepsOfBlock * LaunchProgramFormat.StepSize, LaunchProgramFormat.StepSize);

    private DataOffset Reserve(int length, int alignment)
    {
        var offset = (dataLength + alignment - 1) & ~(alignment - 1);
        if (offset + length > data.Length) Array.Resize(ref data, Math.Max(data.Length * 2, offset + length));
        dataLength = offset + length;
        return new DataOffset(offset);
    }

    private void WriteUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(offset), value);

    /// <summary>A step under construction.</summary>
    internal readonly struct Step
    {
        private readonly LaunchProgramBuilder program;

        internal Step(LaunchProgramBuilder program, int index) => (this.program, Index) = (program, index);

        internal int Index { get; }

        /// <summary>Keeps the result.</summary>
        public Step Into(Slot slot)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(program.At(Index)[6..], (ushort)slot.Index);
            return this;
        }

        /// <summary>On this error goes on at a label; null: with the next step. Two errors at most.</summary>
        public Step On(int error, Label? target = null)
        {
            var step = program.At(Index);
            var handler = ErrorsAt;
            if (IsTaken(step[handler..])) handler += HandlerSize;
            if (IsTaken(step[handler..])) throw new InvalidOperationException("a step handles two errors at most");
            BinaryPrimitives.WriteUInt16LittleEndian(step[handler..], (ushort)error);
            if (target is null) BinaryPrimitives.WriteUInt16LittleEndian(step[(handler + 2)..], checked((ushort)(Index + 1)));
            else program.jumps.Add((Index, handler + 2, target));
            return this;
        }

        /// <summary>On any error goes on at a label; null: with the next step.</summary>
        public Step OnAny(Label? target = null) => On(LaunchProgramFormat.AnyError, target);

        private static bool IsTaken(ReadOnlySpan<byte> handler) => BinaryPrimitives.ReadUInt16LittleEndian(handler) != 0;
    }
}
