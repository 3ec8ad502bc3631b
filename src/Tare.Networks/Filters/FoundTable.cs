using Tare.Linux.Netlink.Tables;

namespace Tare.Networks.Filters;

/// <summary>A table of the filter's name as the kernel has it.</summary>
internal sealed class FoundTable
{
    private readonly FilterTable wanted;
    private readonly IReadOnlyList<NftChain> chains;
    private readonly IReadOnlyList<NftSetInfo> sets;

    private FoundTable(FilterTable wanted, NftTable table, IReadOnlyList<NftChain> chains, IReadOnlyList<NftSetInfo> sets) =>
        (this.wanted, Table, this.chains, this.sets) = (wanted, table, chains, sets);

    /// <summary>The table.</summary>
    public NftTable Table { get; }

    /// <summary>Whether its sets and the chains that the kernel asks are what they would be, were it made now, so that only what is in them need be made anew.</summary>
    public bool IsLikeWanted =>
        (Table.Flags | NftTableFlags.Owner) == (wanted.Table.Flags | NftTableFlags.Owner)
        && wanted.Sets.All(set => sets.Any(found => found.IsLike(set)))
        && wanted.Chains.All(chain => chains.Any(found => found.Name == chain.Name && found.Base == chain.Base))
        && chains.All(found => found.Base is null || wanted.Chains.Any(chain => chain.Name == found.Name));

    /// <summary>Looks for it; null: there is none.</summary>
    /// <exception cref="Tare.Linux.LinuxException">The kernel refuses to tell.</exception>
    public static FoundTable? Find(NftNetlink tables, FilterTable wanted)
    {
        var name = wanted.Table;
        if (tables.Tables().FirstOrDefault(table => table.Family == name.Family && table.Name == name.Name) is not { } found) return null;
        return new FoundTable(wanted, found, [.. tables.Chains(name.Family).Where(chain => chain.Table.Name == name.Name)], tables.Sets(name));
    }

    /// <summary>Takes out all that is in it but the sets and chains that go on to be used.</summary>
    public void Empty(NftBatch batch, IEnumerable<NftChain> alsoWanted)
    {
        batch.Add(wanted.Table).Flush(wanted.Table);
        foreach (var set in wanted.Sets) batch.Flush(set);
        var names = wanted.Chains.Concat(alsoWanted).Select(static chain => chain.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var chain in chains.Where(chain => !names.Contains(chain.Name))) batch.Remove(chain);
        foreach (var set in sets.Where(found => wanted.Sets.All(set => set.Name != found.Name))) batch.Remove(new NftSet(wanted.Table, set.Name));
    }
}
