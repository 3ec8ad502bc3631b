namespace Tare.Linux.Netlink.Tables;

/// <summary>What has been changed.</summary>
public enum NftChangeKind
{
    Table,
    Chain,
    Rule,
    Set,
    Element,

    /// <summary>The end of what was changed as one.</summary>
    Generation,

    Other,
}

/// <summary>A change that somebody has made.</summary>
/// <param name="Kind">Of what.</param>
/// <param name="IsRemoval">Whether it is gone.</param>
/// <param name="Family">The family of its table.</param>
/// <param name="Table">The name of its table.</param>
/// <param name="Name">The name of the chain or the set.</param>
/// <param name="Port">The address of the socket that has made it: <see cref="NftNetlink.Port"/> of those of one's own.</param>
public sealed record NftChange(NftChangeKind Kind, bool IsRemoval, NftFamily Family, string Table, string? Name, uint Port)
{
    /// <summary>With <see cref="NftChangeKind.Generation"/>: the thread that has made the changes; 0: not known.</summary>
    public int Thread { get; init; }

    /// <summary>With <see cref="NftChangeKind.Generation"/>: that thread's name, which of most programs is the program's.</summary>
    public string? ThreadName { get; init; }
}

/// <summary>
/// Tells what anybody changes of nf_tables, so that somebody else's <c>flush ruleset</c> is noticed: the group NFNLGRP_NFTABLES. The namespace is
/// the one in which it was opened.
/// </summary>
public sealed class NftMonitor : IDisposable
{
    private const int NFNLGRP_NFTABLES = 7;
    private const ushort NFTA_GEN_PROC_PID = 2;
    private const ushort NFTA_GEN_PROC_NAME = 3;

    /// <summary>Some 10,000 elements that are added at once.</summary>
    private const int Queue = 4 << 20;

    private readonly NetlinkSocket socket;

    private NftMonitor(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Readable when there are changes to <see cref="Take"/>.</summary>
    public Fd Descriptor => socket.Descriptor;

    /// <summary>In the network namespace of this process.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static NftMonitor Open() => Listen(null, Queue);

    /// <summary>In another network namespace.</summary>
    /// <exception cref="LinuxException">It cannot be entered.</exception>
    public static NftMonitor OpenIn(Fd network) => Listen(network, Queue);

    /// <summary>Waits until there are changes.</summary>
    /// <param name="milliseconds">How long at most; negative: for ever.</param>
    /// <returns>False when the time is over.</returns>
    public bool Wait(int milliseconds = -1) => Polling.WaitReadable(Descriptor, milliseconds);

    /// <summary>Takes the changes that there are, without waiting.</summary>
    /// <param name="changes">Gets them, in their order.</param>
    /// <returns>False: some were lost, because they were not taken fast enough; what there is has to be looked at anew.</returns>
    /// <exception cref="LinuxException">They cannot be received.</exception>
    public bool Take(ICollection<NftChange> changes) => socket.Notices((kind, port, body) =>
    {
        if (NftMessage.MessageOf(kind) is { } message && body.Length >= NftMessage.HeaderSize) changes.Add(Read(message, port, body));
    });

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    internal static NftMonitor Listen(Fd? network, int queue)
    {
        var socket = NetlinkSocket.Open(NetlinkSocket.Netfilter, network);
        try
        {
            socket.Join(NFNLGRP_NFTABLES, queue);
            return new NftMonitor(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static NftChange Read(byte message, uint port, ReadOnlySpan<byte> body)
    {
        var (kind, removal, name) = message switch
        {
            NftMessage.NEWTABLE => (NftChangeKind.Table, false, 0),
            NftMessage.DELTABLE => (NftChangeKind.Table, true, 0),
            NftMessage.NEWCHAIN => (NftChangeKind.Chain, false, NftMessage.NFTA_CHAIN_NAME),
            NftMessage.DELCHAIN => (NftChangeKind.Chain, true, NftMessage.NFTA_CHAIN_NAME),
            NftMessage.NEWRULE => (NftChangeKind.Rule, false, NftMessage.NFTA_RULE_CHAIN),
            NftMessage.DELRULE => (NftChangeKind.Rule, true, NftMessage.NFTA_RULE_CHAIN),
            NftMessage.NEWSET => (NftChangeKind.Set, false, NftMessage.NFTA_SET_NAME),
            NftMessage.DELSET => (NftChangeKind.Set, true, NftMessage.NFTA_SET_NAME),
            NftMessage.NEWSETELEM => (NftChangeKind.Element, false, NftMessage.NFTA_SET_ELEM_LIST_SET),
            NftMessage.DELSETELEM => (NftChangeKind.Element, true, NftMessage.NFTA_SET_ELEM_LIST_SET),
            NftMessage.NEWGEN => (NftChangeKind.Generation, false, 0),
            _ => (NftChangeKind.Other, false, 0),
        };
        var change = new NftChange(kind, removal, (NftFamily)body[0], "", null, port);
        for (var attributes = NetlinkAttributes.After(body, NftMessage.HeaderSize); attributes.Next();)
        {
            if (kind == NftChangeKind.Generation)
            {
                if (attributes.Kind == NFTA_GEN_PROC_PID) change = change with { Thread = (int)attributes.Network32 };
                if (attributes.Kind == NFTA_GEN_PROC_NAME) change = change with { ThreadName = attributes.Text };
                continue;
            }
            // The table is the first attribute of each.
            if (attributes.Kind == NftMessage.NFTA_TABLE_NAME && kind != NftChangeKind.Other) change = change with { Table = attributes.Text };
            else if (name != 0 && attributes.Kind == name) change = change with { Name = attributes.Text };
        }
        return change;
    }
}
