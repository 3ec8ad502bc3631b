namespace Tare.Linux.Netlink.Tables;

/// <summary>The packets that a table sees (NFPROTO_ of linux/netfilter.h).</summary>
public enum NftFamily : byte
{
    /// <summary>IPv4 and IPv6 in one table.</summary>
    Inet = 1,
    IPv4 = 2,
    Bridge = 7,
    IPv6 = 10,
}

/// <summary>enum nft_table_flags.</summary>
[Flags]
public enum NftTableFlags : uint
{
    None = 0,

    /// <summary>None of its chains is asked.</summary>
    Dormant = 1,

    /// <summary>Only the socket that has made it may change it, and it goes with the socket (kernel 5.12).</summary>
    Owner = 2,

    /// <summary>With <see cref="Owner"/>: it stays when the socket goes, and the next socket that makes it with the same flags owns it (kernel 6.9).</summary>
    Persist = 4,
}

/// <summary>A table: what all else is in.</summary>
/// <param name="Family">The packets that it sees.</param>
/// <param name="Name">Its name, at most 255 bytes.</param>
/// <param name="Flags">Its flags.</param>
public sealed record NftTable(NftFamily Family, string Name, NftTableFlags Flags = NftTableFlags.None)
{
    /// <summary>In a list: the address (nl_pid) of the socket that owns it; 0: none.</summary>
    public uint OwnerPort { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{NftMessage.NameOf(Family)} {Name}";
}

/// <summary>Where a base chain is asked (enum nf_inet_hooks; the same numbers for bridges).</summary>
public enum NftHook : uint
{
    PreRouting,
    Input,
    Forward,
    Output,
    PostRouting,
}

/// <summary>What a base chain may do.</summary>
public enum NftChainType
{
    Filter,
    Nat,
    Route,
}

/// <summary>What a base chain says of a packet that no rule has decided on.</summary>
public enum NftPolicy : uint
{
    Drop,
    Accept,
}

/// <summary>Where and when a base chain is asked.</summary>
/// <param name="Type">What it may do.</param>
/// <param name="Hook">Where.</param>
/// <param name="Priority">Chains of one hook are asked from the lowest to the highest; see <see cref="NftPriority"/>.</param>
/// <param name="Policy">What it says of a packet that no rule has decided on.</param>
public sealed record NftBase(NftChainType Type, NftHook Hook, int Priority, NftPolicy Policy = NftPolicy.Accept);

/// <summary>Priorities by which the kernel's own parts and others go (enum nf_ip_hook_priorities).</summary>
public static class NftPriority
{
    public const int Raw = -300;
    public const int Mangle = -150;
    public const int DestinationNat = -100;
    public const int Filter = 0;
    public const int SourceNat = 100;
}

/// <summary>A chain of rules.</summary>
/// <param name="Table">The table that it is in.</param>
/// <param name="Name">Its name.</param>
/// <param name="Base">Where the kernel asks it; null: rules jump to it.</param>
public sealed record NftChain(NftTable Table, string Name, NftBase? Base = null)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} of the table {Table}";
}

/// <summary>A rule: expressions that are evaluated one after the other until one does not match.</summary>
/// <param name="Chain">The chain that it is in.</param>
/// <param name="Expressions">See <see cref="NftRuleBuilder"/>.</param>
public sealed record NftRule(NftChain Chain, IReadOnlyList<NftExpression> Expressions)
{
    /// <summary>A remark, which <c>nft list</c> shows; at most 127 bytes.</summary>
    public string? Comment { get; init; }
}

/// <summary>A rule as the kernel tells of it.</summary>
/// <param name="Table">The name of its table.</param>
/// <param name="Chain">The name of its chain.</param>
/// <param name="Handle">The number by which it is removed.</param>
/// <param name="Comment">The remark.</param>
/// <param name="ExpressionNames">The kinds of its expressions, in order.</param>
public sealed record NftRuleInfo(string Table, string Chain, ulong Handle, string? Comment, IReadOnlyList<string> ExpressionNames)
{
    /// <summary>What becomes of packets that match; null: it decides nothing, or by an expression of another kind (<c>reject</c>, xtables' targets).</summary>
    public NftVerdict? Verdict { get; init; }
}
