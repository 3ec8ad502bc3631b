using System.Text;

namespace Tare.Linux.Netlink.Tables;

/// <summary>
/// Changes of nf_tables that are carried out as one, or not at all: messages between NFNL_MSG_BATCH_BEGIN and NFNL_MSG_BATCH_END. What a change
/// needs has to be there or to be made by one before it. Adding what is there already is no error, unless it differs.
/// </summary>
public sealed class NftBatch
{
    private const ushort NFNL_MSG_BATCH_BEGIN = 0x10;
    private const ushort NFNL_MSG_BATCH_END = 0x11;

    /// <summary>NFNL_SUBSYS_NFTABLES in the network's order.</summary>
    private const ushort Subsystem = 10 << 8;

    /// <summary>A comment in the data that nft keeps with a rule (NFTNL_UDATA_RULE_COMMENT).</summary>
    private const byte CommentKind = 0;
    private const int MaxComment = 127;

    private readonly List<(string Operation, Action<NetlinkWriter> Write)> changes = [];
    private uint sets;

    /// <summary>Whether there is nothing to be done.</summary>
    public bool IsEmpty => changes.Count == 0;

    /// <summary>Makes a table.</summary>
    public NftBatch Add(NftTable table) => Change($"make the table {table}", NftMessage.NEWTABLE, NetlinkSocket.NLM_F_CREATE, table, writer =>
        writer.Text(NftMessage.NFTA_TABLE_NAME, table.Name).Network32(NftMessage.NFTA_TABLE_FLAGS, (uint)table.Flags));

    /// <summary>Makes a chain.</summary>
    public NftBatch Add(NftChain chain) => Change($"make the chain {chain}", NftMessage.NEWCHAIN, NetlinkSocket.NLM_F_CREATE, chain.Table, writer =>
    {
        writer.Text(NftMessage.NFTA_CHAIN_TABLE, chain.Table.Name).Text(NftMessage.NFTA_CHAIN_NAME, chain.Name);
        if (chain.Base is not { } hook) return;
        writer.Nest(NftMessage.NFTA_CHAIN_HOOK, nest => nest.Network32(NftMessage.NFTA_HOOK_HOOKNUM, (uint)hook.Hook).Network32(NftMessage.NFTA_HOOK_PRIORITY, (uint)hook.Priority));
        writer.Network32(NftMessage.NFTA_CHAIN_POLICY, (uint)hook.Policy).Text(NftMessage.NFTA_CHAIN_TYPE, NftMessage.NameOf(hook.Type));
    });

    /// <summary>Adds a rule at the end of its chain.</summary>
    public NftBatch Add(NftRule rule) => Add(rule, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_APPEND);

    /// <summary>Adds a rule before all others of its chain.</summary>
    public NftBatch Insert(NftRule rule) => Add(rule, NetlinkSocket.NLM_F_CREATE);

    /// <summary>Makes a set or a map.</summary>
    public NftBatch Add(NftSet set)
    {
        var number = ++sets;
        return Change($"make the set {set}", NftMessage.NEWSET, NetlinkSocket.NLM_F_CREATE, set.Table, writer => NftSetMessage.Write(writer, set, number));
    }

    /// <summary>Puts elements into a set or a map.</summary>
    public NftBatch AddElements(NftSet set, IReadOnlyCollection<NftElement> elements) =>
        Change($"add {elements.Count} elements to the set {set}", writer => NftSetMessage.WriteElements(writer, NftMessage.NEWSETELEM, NetlinkSocket.NLM_F_CREATE, set, elements));

    /// <summary>Takes elements, which have to be there, out of a set or a map; their values are not looked at.</summary>
    public NftBatch RemoveElements(NftSet set, IReadOnlyCollection<NftElement> elements) =>
        Change($"remove {elements.Count} elements from the set {set}", writer => NftSetMessage.WriteElements(writer, NftMessage.DELSETELEM, 0, set, elements));

    /// <summary>Takes all elements out of a set or a map.</summary>
    public NftBatch Flush(NftSet set) => Change($"empty the set {set}", NftMessage.DELSETELEM, 0, set.Table, writer =>
        writer.Text(NftMessage.NFTA_SET_ELEM_LIST_TABLE, set.Table.Name).Text(NftMessage.NFTA_SET_ELEM_LIST_SET, set.Name));

    /// <summary>Removes all rules of a chain.</summary>
    public NftBatch Flush(NftChain chain) => Change($"empty the chain {chain}", NftMessage.DELRULE, 0, chain.Table, writer =>
        writer.Text(NftMessage.NFTA_RULE_TABLE, chain.Table.Name).Text(NftMessage.NFTA_RULE_CHAIN, chain.Name));

    /// <summary>Removes all rules of a table.</summary>
    public NftBatch Flush(NftTable table) => Change($"empty the table {table}", NftMessage.DELRULE, 0, table, writer => writer.Text(NftMessage.NFTA_RULE_TABLE, table.Name));

    /// <summary>Removes a table with all that is in it.</summary>
    public NftBatch Remove(NftTable table) => Change($"remove the table {table}", NftMessage.DELTABLE, 0, table, writer => writer.Text(NftMessage.NFTA_TABLE_NAME, table.Name));

    /// <summary>Removes a chain, to which no rule may lead, with its rules.</summary>
    public NftBatch Remove(NftChain chain) => Flush(chain).Change($"remove the chain {chain}", NftMessage.DELCHAIN, 0, chain.Table, writer =>
        writer.Text(NftMessage.NFTA_CHAIN_TABLE, chain.Table.Name).Text(NftMessage.NFTA_CHAIN_NAME, chain.Name));

    /// <summary>Removes a set or a map, which no rule may use.</summary>
    public NftBatch Remove(NftSet set) => Change($"remove the set {set}", NftMessage.DELSET, 0, set.Table, writer =>
        writer.Text(NftMessage.NFTA_SET_TABLE, set.Table.Name).Text(NftMessage.NFTA_SET_NAME, set.Name));

    /// <summary>Removes a rule by its number.</summary>
    public NftBatch RemoveRule(NftChain chain, ulong handle) => Change($"remove the rule {handle} from the chain {chain}", NftMessage.DELRULE, 0, chain.Table, writer =>
        writer.Text(NftMessage.NFTA_RULE_TABLE, chain.Table.Name).Text(NftMessage.NFTA_RULE_CHAIN, chain.Name).Network64(NftMessage.NFTA_RULE_HANDLE, handle));

    /// <summary>Writes everything, and asks for one answer: that of the last change, which comes when all are carried out.</summary>
    /// <returns>What each message is part of.</returns>
    public IReadOnlyList<string> Write(NetlinkWriter writer)
    {
        var operations = new List<string> { "change the packet filter" };
        writer.Begin(NFNL_MSG_BATCH_BEGIN, NetlinkSocket.NLM_F_REQUEST).U8(0).U8(0).U16(Subsystem).End();
        foreach (var (operation, write) in changes)
        {
            write(writer);
            while (operations.Count < writer.Count) operations.Add(operation);
        }
        writer.AddFlags(writer.Count - 1, NetlinkSocket.NLM_F_ACK);
        writer.Begin(NFNL_MSG_BATCH_END, NetlinkSocket.NLM_F_REQUEST).U8(0).U8(0).U16(Subsystem).End();
        operations.Add(operations[0]);
        return operations;
    }

    private NftBatch Add(NftRule rule, ushort flags) => Change(
        $"add the rule {(rule.Comment is null ? "" : $"\"{rule.Comment}\" ")}to the chain {rule.Chain}",
        NftMessage.NEWRULE,
        flags,
        rule.Chain.Table,
        writer =>
        {
            writer.Text(NftMessage.NFTA_RULE_TABLE, rule.Chain.Table.Name).Text(NftMessage.NFTA_RULE_CHAIN, rule.Chain.Name);
            writer.Nest(NftMessage.NFTA_RULE_EXPRESSIONS, list =>
            {
                foreach (var expression in rule.Expressions) list.Nest(NftMessage.NFTA_LIST_ELEM, expression.Write);
            });
            if (rule.Comment is null) return;
            byte[] text = [.. Encoding.UTF8.GetBytes(rule.Comment), 0];
            if (text.Length > MaxComment + 1) throw new ArgumentException($"the comment of a rule has at most {MaxComment} bytes", nameof(rule));
            writer.Attribute(NftMessage.NFTA_RULE_USERDATA, [CommentKind, (byte)text.Length, .. text]);
        });

    private NftBatch Change(string operation, byte message, ushort flags, NftTable table, Action<NetlinkWriter> attributes) => Change(operation, writer =>
    {
        NftMessage.Begin(writer, message, flags, table.Family);
        attributes(writer);
        writer.End();
    });

    private NftBatch Change(string operation, Action<NetlinkWriter> write)
    {
        changes.Add((operation, write));
        return this;
    }
}
