namespace Tare.Runtime.Seccomp;

/// <summary>How an argument is compared; in the order of libseccomp's names.</summary>
internal enum SeccompOperator
{
    NotEqual,
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    MaskedEqual,
}

/// <summary>A condition on one argument: its bits under the mask compared with a datum.</summary>
internal readonly record struct SeccompCondition(uint Index, SeccompOperator Operator, ulong Mask, ulong Datum)
{
    /// <summary>It holds for every argument, because it looks at no bit of it.</summary>
    public bool IsAlwaysTrue => Operator == SeccompOperator.MaskedEqual && Mask == 0;

    /// <summary>The condition from the values of a profile.</summary>
    public static SeccompCondition Of(uint index, SeccompOperator op, ulong value, ulong second) =>
        op == SeccompOperator.MaskedEqual ? new(index, op, value, second & value) : new(index, op, ulong.MaxValue, value);

    /// <summary>The condition where arguments have 32 bits.</summary>
    public SeccompCondition Narrow() => this with { Mask = Mask & uint.MaxValue, Datum = Datum & uint.MaxValue };
}

/// <summary>One rule: on this system call, when all conditions hold, this action.</summary>
internal readonly record struct SeccompRule(SyscallEntry Call, uint Action, SeccompCondition[] Conditions);

/// <summary>One way in which a system call gets an action; its conditions are in the order of the arguments.</summary>
internal readonly record struct SeccompClause(SeccompCondition[] Conditions, uint Action)
{
    /// <summary>
    /// The order in which clauses of one call are tried; it matters where several of them hold and their actions differ. It is
    /// libseccomp's, whatever the order in the profile: later arguments first, exact values before ranges, narrow ranges before
    /// wide ones; and of two clauses that begin alike, the one with fewer conditions.
    /// </summary>
    public static int Compare(SeccompClause left, SeccompClause right)
    {
        for (var i = 0; i < Math.Min(left.Conditions.Length, right.Conditions.Length); i++)
        {
            var (a, b) = (left.Conditions[i], right.Conditions[i]);
            var order = b.Index.CompareTo(a.Index);
            if (order == 0) order = Exactness(b.Operator).CompareTo(Exactness(a.Operator));
            if (order == 0) order = Exactness(a.Operator) == 1 ? a.Datum.CompareTo(b.Datum) : b.Datum.CompareTo(a.Datum);
            if (order != 0) return order;
        }
        return left.Conditions.Length.CompareTo(right.Conditions.Length);
    }

    private static int Exactness(SeccompOperator op) => op switch
    {
        SeccompOperator.Greater or SeccompOperator.GreaterOrEqual => 0,
        SeccompOperator.Less or SeccompOperator.LessOrEqual => 1,
        _ => 2,
    };
}
