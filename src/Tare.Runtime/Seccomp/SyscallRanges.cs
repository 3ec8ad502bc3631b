using Tare.Linux;

namespace Tare.Runtime.Seccomp;

/// <summary>The calls from a number on, up to the next range: an action, unless one of the clauses has another one.</summary>
/// <param name="Start">The first number.</param>
/// <param name="Action">The action.</param>
/// <param name="Clauses">What is tried before, in this order; null for nothing.</param>
/// <param name="Wide">Whether the clauses look at 64 bits of each argument.</param>
internal readonly record struct SyscallRange(uint Start, uint Action, SeccompClause[]? Clauses = null, bool Wide = false);

/// <summary>
/// What a profile makes of the whole range of numbers. Neighbours with the same action are one range, so that the three hundred
/// calls of an ordinary profile are some sixty ranges.
/// </summary>
internal sealed class SyscallRanges(uint defaultAction)
{
    // Calls of 32-bit ARM that are no part of the table, such as set_tls: they say nothing about how new a profile is.
    private const uint FirstPrivate = 0xF0000;

    private readonly List<SyscallRange> ranges = [];

    /// <summary>The ranges, without a gap, from zero on.</summary>
    public IReadOnlyList<SyscallRange> All => ranges;

    /// <summary>Appends one action for all numbers from here on.</summary>
    public void Append(uint start, uint action) => Append(new SyscallRange(start, action));

    /// <summary>
    /// Appends the numbers of one architecture. Those beyond the newest call that the profile names are calls that it cannot have
    /// meant to refuse: programs that try them get ENOSYS and fall back on older ones, where they would take the default action for
    /// a failure, or die of it (runc's rule).
    /// </summary>
    public void Append(SeccompAbi abi, IReadOnlyList<SeccompRule> rules)
    {
        var placed = Place(abi, rules);
        var newest = defaultAction is SeccompActions.Allow or SeccompActions.Log || (defaultAction & 0xffff0000) == SeccompActions.Trace ? 0 : Newest(abi, rules);
        var next = abi.NumberBit;
        var order = new ulong[placed.Count];
        for (var i = 0; i < order.Length; i++) order[i] = (ulong)placed[i].Number << 32 | (uint)i;
        Array.Sort(order);
        for (var i = 0; i < order.Length;)
        {
            var number = (uint)(order[i] >> 32);
            var first = i;
            while (i < order.Length && order[i] >> 32 == number) i++;
            AppendGap(next, number, newest);
            Append(Decide(number, order.AsSpan(first..i), placed) with { Wide = abi.Wide });
            next = number + 1;
        }
        AppendGap(next, uint.MaxValue, newest);
    }

    private static uint Newest(SeccompAbi abi, IReadOnlyList<SeccompRule> rules)
    {
        uint newest = 0;
        foreach (var rule in rules)
        {
            if (rule.Call.Numbers[abi.Column] is >= 0 and < (int)FirstPrivate and var number) newest = Math.Max(newest, (uint)number | abi.NumberBit);
        }
        return newest;
    }

    /// <summary>The rules by number; on i386 some calls have two ways in.</summary>
    private List<(uint Number, uint Action, SeccompCondition[] Conditions)> Place(SeccompAbi abi, IReadOnlyList<SeccompRule> rules)
    {
        var placed = new List<(uint, uint, SeccompCondition[])>(rules.Count);
        foreach (var (call, action, conditions) in rules)
        {
            // The default action is no rule: what is written for the same call elsewhere in the profile counts.
            if (action == defaultAction) continue;
            if (call.Numbers[abi.Column] is >= 0 and var number) placed.Add(((uint)number | abi.NumberBit, action, Fit(conditions, abi)));
            if (call.Multiplexer is null || abi != SeccompAbi.X86) continue;

            // The first argument says which function is meant. The others are looked at as they are, as libseccomp does it.
            SeccompCondition[] function = [SeccompCondition.Of(0, SeccompOperator.Equal, call.Function, 0), .. conditions.Where(c => c.Index != 0)];
            placed.Add(((uint)SyscallTable.Find(call.Multiplexer)!.Numbers[abi.Column], action, Fit(function, abi)));
        }
        return placed;
    }

    /// <summary>The conditions as an architecture can look at them, in the order of the arguments.</summary>
    private static SeccompCondition[] Fit(SeccompCondition[] conditions, SeccompAbi abi) => conditions.Length == 0
        ? conditions
        : [.. conditions.Select(c => abi.Wide ? c : c.Narrow()).Where(c => !c.IsAlwaysTrue).OrderBy(c => c.Index)];

    /// <summary>A rule without conditions counts before all that have some, wherever it stands; the first of several such counts.</summary>
    private SyscallRange Decide(uint number, ReadOnlySpan<ulong> order, List<(uint Number, uint Action, SeccompCondition[] Conditions)> placed)
    {
        foreach (var key in order)
        {
            if (placed[(int)(uint)key] is { Conditions.Length: 0, Action: var action }) return new SyscallRange(number, action);
        }
        var clauses = new List<SeccompClause>(order.Length);
        foreach (var key in order) clauses.Add(new SeccompClause(placed[(int)(uint)key].Conditions, placed[(int)(uint)key].Action));

        // A clause that has been said before can never be reached.
        SeccompClause? before = null;
        var sorted = new List<SeccompClause>(order.Length);
        foreach (var clause in clauses.Order(Comparer<SeccompClause>.Create(SeccompClause.Compare)))
        {
            if (before is null || !clause.Conditions.AsSpan().SequenceEqual(before.Value.Conditions)) sorted.Add(clause);
            before = clause;
        }
        return new SyscallRange(number, defaultAction, [.. sorted]);
    }

    private void AppendGap(uint from, uint to, uint newest)
    {
        if (from >= to) return;
        if (newest == 0 || from <= newest) Append(from, defaultAction);
        if (newest != 0 && to > newest) Append(Math.Max(from, newest + 1), SeccompActions.Errno | Errno.ENOSYS);
    }

    private void Append(SyscallRange range)
    {
        if (ranges.Count > 0 && ranges[^1] is { Clauses: null } last && range.Clauses is null && last.Action == range.Action) return;
        ranges.Add(range);
    }
}
