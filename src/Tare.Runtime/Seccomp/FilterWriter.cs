namespace Tare.Runtime.Seccomp;

/// <summary>
/// Turns ranges of system calls into a filter: the architecture, then a binary search by number, then the conditions of the call
/// that was found. Only instructions are used that the kernel can follow by itself when the filter is loaded, so that calls which
/// are always allowed do not run it at all (seccomp_cache_prepare in kernel/seccomp.c).
/// </summary>
internal sealed class FilterWriter
{
    // Offsets in struct seccomp_data, on a little-endian machine.
    private const int NumberOffset = 0;
    private const int ArchitectureOffset = 4;
    private const int FirstArgumentOffset = 16;

    private readonly BpfWriter bpf = new();

    /// <summary>The program.</summary>
    /// <param name="architectures">The ranges of each architecture, by its <c>AUDIT_ARCH_*</c>; the first is looked for first.</param>
    /// <param name="otherwise">The answer for all other architectures.</param>
    public static byte[] Write(IReadOnlyList<(uint Token, IReadOnlyList<SyscallRange> Ranges)> architectures, uint otherwise)
    {
        var writer = new FilterWriter();
        var next = writer.bpf.Return(otherwise);
        for (var i = architectures.Count - 1; i >= 0; i--)
        {
            var (token, ranges) = architectures[i];
            var found = writer.bpf.Load(NumberOffset, writer.Search(ranges, 0, ranges.Count - 1));
            next = writer.bpf.Jump(BpfComparison.Equal, token, found, next);
        }
        writer.bpf.Load(ArchitectureOffset, next);
        return writer.bpf.ToArray();
    }

    private int Search(IReadOnlyList<SyscallRange> ranges, int first, int last)
    {
        if (first == last) return Found(ranges[first]);
        var middle = (first + last + 1) / 2;
        var above = Search(ranges, middle, last);
        var below = Search(ranges, first, middle - 1);
        return bpf.Jump(BpfComparison.GreaterOrEqual, ranges[middle].Start, above, below);
    }

    private int Found(SyscallRange range)
    {
        var place = bpf.Return(range.Action);
        var clauses = range.Clauses ?? [];
        for (var i = clauses.Length - 1; i >= 0; i--)
        {
            var (otherwise, conditions) = (place, clauses[i].Conditions);
            place = bpf.Return(clauses[i].Action);
            for (var j = conditions.Length - 1; j >= 0; j--) place = Test(conditions[j], range.Wide, place, otherwise);
        }
        return place;
    }

    private int Test(SeccompCondition condition, bool wide, int whenTrue, int whenFalse) => condition.Operator switch
    {
        SeccompOperator.NotEqual => TestEqual(condition, wide, whenFalse, whenTrue),
        SeccompOperator.Equal or SeccompOperator.MaskedEqual => TestEqual(condition, wide, whenTrue, whenFalse),
        SeccompOperator.Less => TestOrder(condition, BpfComparison.GreaterOrEqual, wide, whenFalse, whenTrue),
        SeccompOperator.LessOrEqual => TestOrder(condition, BpfComparison.Greater, wide, whenFalse, whenTrue),
        SeccompOperator.GreaterOrEqual => TestOrder(condition, BpfComparison.GreaterOrEqual, wide, whenTrue, whenFalse),
        _ => TestOrder(condition, BpfComparison.Greater, wide, whenTrue, whenFalse),
    };

    /// <summary>A half that the mask leaves out is not looked at.</summary>
    private int TestEqual(SeccompCondition condition, bool wide, int whenTrue, int whenFalse)
    {
        var place = whenTrue;
        if ((uint)condition.Mask != 0)
            place = bpf.Load(LowHalf(condition), bpf.Jump(BpfComparison.Equal, (uint)condition.Datum, place, whenFalse), (uint)condition.Mask);
        if (wide && condition.Mask >> 32 != 0)
            place = bpf.Load(LowHalf(condition) + 4, bpf.Jump(BpfComparison.Equal, (uint)(condition.Datum >> 32), place, whenFalse), (uint)(condition.Mask >> 32));
        return place;
    }

    /// <summary>The high half decides, and where it is equal the low half.</summary>
    private int TestOrder(SeccompCondition condition, BpfComparison comparison, bool wide, int whenTrue, int whenFalse)
    {
        var place = bpf.Load(LowHalf(condition), bpf.Jump(comparison, (uint)condition.Datum, whenTrue, whenFalse));
        if (!wide) return place;
        var high = (uint)(condition.Datum >> 32);
        place = bpf.Jump(BpfComparison.Equal, high, place, whenFalse);
        place = bpf.Jump(BpfComparison.Greater, high, whenTrue, place);
        return bpf.Load(LowHalf(condition) + 4, place);
    }

    private static int LowHalf(SeccompCondition condition) => FirstArgumentOffset + 8 * (int)condition.Index;
}
