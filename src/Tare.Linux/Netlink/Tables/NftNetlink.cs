using System.Text;

namespace Tare.Linux.Netlink.Tables;

/// <summary>
/// The packet filter nf_tables by netlink: linux/netfilter/nf_tables.h; nft(8) tells what its parts mean. The namespace is the one in which it
/// was opened; for one thread at a time. A table with <see cref="NftTableFlags.Owner"/> is this socket's, and lives (but for
/// <see cref="NftTableFlags.Persist"/>) as long as it is open.
/// </summary>
public sealed class NftNetlink : IDisposable
{
    private const ushort NFTA_GEN_ID = 1;

    private readonly NetlinkSocket socket;

    private NftNetlink(NetlinkSocket socket) => this.socket = socket;

    /// <summary>The address of this socket, by which <see cref="NftChange.Port"/> and <see cref="NftTable.OwnerPort"/> name it.</summary>
    public uint Port => socket.Port;

    /// <summary>The socket: a duplicate keeps what it owns, when this process ends.</summary>
    public Fd Descriptor => socket.Descriptor;

    /// <summary>Goes on with a socket whose <see cref="Descriptor"/> somebody has kept, and owns what it owns; only one process may use it at a time.</summary>
    /// <exception cref="LinuxException">It is no netlink socket.</exception>
    public static NftNetlink Adopt(Fd socket) => new(NetlinkSocket.Adopt(socket));

    /// <summary>In the network namespace of this process.</summary>
    /// <exception cref="LinuxException">The kernel has no netfilter netlink.</exception>
    public static NftNetlink Open() => new(NetlinkSocket.Open(NetlinkSocket.Netfilter, network: null));

    /// <summary>In another network namespace.</summary>
    /// <exception cref="LinuxException">It cannot be entered.</exception>
    public static NftNetlink OpenIn(Fd network) => new(NetlinkSocket.Open(NetlinkSocket.Netfilter, network));

    /// <summary>Carries changes out: all of them, or none.</summary>
    /// <exception cref="LinuxException">None was carried out; it names the first that could not be.</exception>
    public void Commit(NftBatch batch)
    {
        if (batch.IsEmpty) return;
        var writer = socket.NewWriter();
        var operations = batch.Write(writer);
        // Changes that write nothing, such as no elements.
        if (writer.Count <= 2) return;
        var (last, answered, failure) = (writer.Count - 2, false, default((int Index, NetlinkAnswer Answer)?));
        socket.Transact(writer, (index, answer) =>
        {
            answered |= index == last;
            if (!answer.IsSuccess) failure ??= (index, answer);
        });
        if (failure is { } found) throw found.Answer.ToException(operations[found.Index]);
        if (!answered) throw new LinuxException(operations[0], Errno.EPROTO, "no answer");
    }

    /// <summary>All tables.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NftTable> Tables() => socket.List<NftTable>("list the tables of the packet filter", static writer => Dump(writer, NftMessage.GETTABLE, 0).End(), static (kind, body, list) =>
    {
        if (NftMessage.MessageOf(kind) != NftMessage.NEWTABLE || body.Length < NftMessage.HeaderSize) return;
        var table = new NftTable((NftFamily)body[0], "");
        for (var attributes = NetlinkAttributes.After(body, NftMessage.HeaderSize); attributes.Next();)
        {
            if (attributes.Kind == NftMessage.NFTA_TABLE_NAME) table = table with { Name = attributes.Text };
            if (attributes.Kind == NftMessage.NFTA_TABLE_FLAGS) table = table with { Flags = (NftTableFlags)attributes.Network32 };
            if (attributes.Kind == NftMessage.NFTA_TABLE_OWNER) table = table with { OwnerPort = attributes.Network32 };
        }
        list.Add(table);
    });

    /// <summary>The chains of all tables of a family, those that others have made too: also what else decides on packets.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NftChain> Chains(NftFamily family) => socket.List<NftChain>($"list the chains of the family {NftMessage.NameOf(family)}", writer => Dump(writer, NftMessage.GETCHAIN, family).End(), static (kind, body, list) =>
    {
        if (NftMessage.MessageOf(kind) != NftMessage.NEWCHAIN || body.Length < NftMessage.HeaderSize) return;
        list.Add(ReadChain((NftFamily)body[0], NetlinkAttributes.After(body, NftMessage.HeaderSize)));
    });

    /// <summary>The sets and maps of a table.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell, or there is no such table.</exception>
    public IReadOnlyList<NftSetInfo> Sets(NftTable table) => socket.List<NftSetInfo>(
        $"list the sets of the table {table}",
        writer => Dump(writer, NftMessage.GETSET, table.Family).Text(NftMessage.NFTA_SET_TABLE, table.Name).End(),
        static (kind, body, list) =>
        {
            if (NftMessage.MessageOf(kind) == NftMessage.NEWSET) list.Add(NftSetMessage.Read(NetlinkAttributes.After(body, NftMessage.HeaderSize)));
        });

    /// <summary>The elements of a set or a map, in no order.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell, or there is no such set.</exception>
    public IReadOnlyList<NftElement> Elements(NftSet set) => socket.List<NftElement>(
        $"list the elements of the set {set}",
        writer => Dump(writer, NftMessage.GETSETELEM, set.Table.Family).Text(NftMessage.NFTA_SET_ELEM_LIST_TABLE, set.Table.Name).Text(NftMessage.NFTA_SET_ELEM_LIST_SET, set.Name).End(),
        static (kind, body, list) =>
        {
            if (NftMessage.MessageOf(kind) == NftMessage.NEWSETELEM) NftSetMessage.ReadElements(body, list);
        });

    /// <summary>The rules of a table, chain by chain in their order.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<NftRuleInfo> Rules(NftTable table) => socket.List<NftRuleInfo>(
        $"list the rules of the table {table}",
        writer => Dump(writer, NftMessage.GETRULE, table.Family).Text(NftMessage.NFTA_RULE_TABLE, table.Name).End(),
        static (kind, body, list) =>
        {
            if (NftMessage.MessageOf(kind) == NftMessage.NEWRULE) list.Add(ReadRule(NetlinkAttributes.After(body, NftMessage.HeaderSize)));
        });

    /// <summary>The number that grows with every change that anybody makes.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public uint Generation()
    {
        const byte GETGEN = 16;
        var writer = socket.NewWriter();
        NftMessage.Begin(writer, GETGEN, NetlinkSocket.NLM_F_ACK, 0).End();
        var generation = 0u;
        socket.Query(writer, (kind, body) =>
        {
            for (var attributes = NetlinkAttributes.After(body, NftMessage.HeaderSize); attributes.Next();)
            {
                if (NftMessage.MessageOf(kind) == NftMessage.NEWGEN && attributes.Kind == NFTA_GEN_ID) generation = attributes.Network32;
            }
        }).Check("ask for the generation of the packet filter");
        return generation;
    }

    /// <summary>
    /// Which of <see cref="NftTableFlags.Owner"/> with <see cref="NftTableFlags.Persist"/>, and <see cref="NftTableFlags.Owner"/> alone, the kernel
    /// knows. It makes and removes a table in one change, which nobody can see but in notices.
    /// </summary>
    /// <exception cref="LinuxException">The kernel has no nf_tables, or one may not change it.</exception>
    public NftTableFlags SupportedFlags()
    {
        foreach (var flags in new[] { NftTableFlags.Owner | NftTableFlags.Persist, NftTableFlags.Owner })
        {
            var probe = new NftTable(NftFamily.Inet, $"tare-probe-{Port}", flags);
            try
            {
                Commit(new NftBatch().Add(probe).Remove(probe));
                return flags;
            }
            catch (LinuxException e) when (e.Error is Errno.EOPNOTSUPP or Errno.EINVAL)
            {
                // The kernel is older than the flag.
            }
        }
        return NftTableFlags.None;
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private static NetlinkWriter Dump(NetlinkWriter writer, byte message, NftFamily family) => NftMessage.Begin(writer, message, NetlinkSocket.NLM_F_DUMP, family);

    private static NftChain ReadChain(NftFamily family, NetlinkAttributes attributes)
    {
        var (table, name, type) = ("", "", "");
        (uint Hook, int Priority)? hook = null;
        var policy = NftPolicy.Accept;
        while (attributes.Next())
        {
            switch (attributes.Kind)
            {
                case NftMessage.NFTA_CHAIN_TABLE: table = attributes.Text; break;
                case NftMessage.NFTA_CHAIN_NAME: name = attributes.Text; break;
                case NftMessage.NFTA_CHAIN_TYPE: type = attributes.Text; break;
                case NftMessage.NFTA_CHAIN_POLICY: policy = (NftPolicy)attributes.Network32; break;
                case NftMessage.NFTA_CHAIN_HOOK:
                    var (number, priority) = (0u, 0);
                    for (var nest = attributes.Nested; nest.Next();)
                    {
                        if (nest.Kind == NftMessage.NFTA_HOOK_HOOKNUM) number = nest.Network32;
                        if (nest.Kind == NftMessage.NFTA_HOOK_PRIORITY) priority = (int)nest.Network32;
                    }
                    hook = (number, priority);
                    break;
                default: break;
            }
        }
        var kind = type switch { "nat" => NftChainType.Nat, "route" => NftChainType.Route, _ => NftChainType.Filter };
        return new NftChain(new NftTable(family, table), name, hook is { } found ? new NftBase(kind, (NftHook)found.Hook, found.Priority, policy) : null);
    }

    private static NftRuleInfo ReadRule(NetlinkAttributes attributes)
    {
        var rule = new NftRuleInfo("", "", 0, null, []);
        while (attributes.Next())
        {
            rule = attributes.Kind switch
            {
                NftMessage.NFTA_RULE_TABLE => rule with { Table = attributes.Text },
                NftMessage.NFTA_RULE_CHAIN => rule with { Chain = attributes.Text },
                NftMessage.NFTA_RULE_HANDLE => rule with { Handle = attributes.Network64 },
                NftMessage.NFTA_RULE_USERDATA => rule with { Comment = ReadComment(attributes.Value) },
                NftMessage.NFTA_RULE_EXPRESSIONS => rule with { ExpressionNames = ReadNames(attributes.Nested), Verdict = ReadVerdict(attributes.Nested) },
                _ => rule,
            };
        }
        return rule;
    }

    private static List<string> ReadNames(NetlinkAttributes expressions)
    {
        var names = new List<string>();
        while (expressions.Next())
        {
            for (var expression = expressions.Nested; expression.Next();)
            {
                if (expression.Kind == NftMessage.NFTA_EXPR_NAME) names.Add(expression.Text);
            }
        }
        return names;
    }

    /// <summary>The verdict of the last expression that loads one.</summary>
    private static NftVerdict? ReadVerdict(NetlinkAttributes expressions)
    {
        var verdict = default(NftVerdict?);
        while (expressions.Next())
        {
            var isImmediate = false;
            for (var expression = expressions.Nested; expression.Next();)
            {
                if (expression.Kind == NftMessage.NFTA_EXPR_NAME) isImmediate = expression.Text == "immediate";
                if (expression.Kind != NftMessage.NFTA_EXPR_DATA || !isImmediate) continue;
                for (var data = expression.Nested; data.Next();)
                {
                    if (data.Kind != NftMessage.NFTA_IMMEDIATE_DATA) continue;
                    for (var value = data.Nested; value.Next();)
                    {
                        if (value.Kind == NftMessage.NFTA_DATA_VERDICT) verdict = NftVerdict.Read(value.Nested);
                    }
                }
            }
        }
        return verdict;
    }

    /// <summary>nft's data are kinds and lengths of one byte each, and the values; a comment has the kind 0 and a zero at its end.</summary>
    private static string? ReadComment(ReadOnlySpan<byte> data)
    {
        while (data.Length >= 2 && data.Length >= 2 + data[1])
        {
            if (data[0] == 0) return Encoding.UTF8.GetString(data.Slice(2, data[1])).TrimEnd('\0');
            data = data[(2 + data[1])..];
        }
        return null;
    }
}
