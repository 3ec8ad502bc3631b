using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink.Connections;
using Tare.Linux.Netlink.Tables;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters;

/// <summary>
/// The packet filter of bridge networks: published ports, source addresses, and who reaches whom. All of it is one table of nf_tables, which where
/// the kernel can (5.12) belongs to this object's socket, so that nobody else's <c>nft flush ruleset</c> takes it away; who keeps a duplicate of
/// <see cref="Descriptor"/> keeps it (6.9: it stays in any case, and the next filter of its name takes its place). For any number of threads.
/// </summary>
/// <remarks>
/// Each call is one transaction of the kernel: packets see the table before it or after it. (A packet that is just within a chain when that goes with
/// its whole table finds its sets empty: measured, one of 500 new connections was refused while the table was replaced 2,000 times without a pause,
/// and none of 10,000 while its chains and sets were kept and only what is in them was replaced. So those that are there and are right are kept, and what
/// nobody can have changed is left as it is, and only differences are carried out.) Before the first <see cref="Restore()"/> nothing else may
/// be called: the filter does not know what an earlier one has left.
/// </remarks>
public sealed class BridgeFilter : IDisposable
{
    private readonly Lock gate = new();
    private readonly NftNetlink tables;
    private readonly ForgottenFlows flows;
    private readonly FilterTable table;
    private readonly Dictionary<string, FilteredNetwork> networks = [];
    private readonly Dictionary<string, BridgeEndpoint> endpoints = [];
    private bool restored;

    private BridgeFilter(string name, NftNetlink tables, ConntrackNetlink connections)
    {
        this.tables = tables;
        flows = new ForgottenFlows(connections);
        table = new FilterTable(name, tables.SupportedFlags());
    }

    /// <summary>The socket that owns the table, to be duplicated for who keeps it.</summary>
    public Fd Descriptor => tables.Descriptor;

    /// <summary>The table's name.</summary>
    public string Name => table.Table.Name;

    /// <summary>Whether the kernel keeps others from changing the table.</summary>
    public bool IsOwned => (table.Table.Flags & NftTableFlags.Owner) != 0;

    /// <summary>Whether there is any endpoint in it.</summary>
    public bool HasEndpoints
    {
        get
        {
            lock (gate) return endpoints.Count > 0;
        }
    }

    /// <summary>The address of the socket that owns the table, by which notices tell whose change it was.</summary>
    internal uint Port => tables.Port;

    /// <summary>Opens a socket for a table, which is not touched yet.</summary>
    /// <param name="name">The name of the table, which nobody else may use.</param>
    /// <param name="network">The network namespace; null: this process's.</param>
    /// <exception cref="LinuxException">The kernel has no nf_tables, or one may not change it.</exception>
    public static BridgeFilter Open(string name, Fd? network = null) => Create(name, network is null ? NftNetlink.Open() : NftNetlink.OpenIn(network), network);

    /// <summary>Goes on with a socket that was <see cref="Descriptor"/>, whose table goes on to decide until <see cref="Restore()"/> puts the new one in its place.</summary>
    /// <param name="name">The name of the table.</param>
    /// <param name="socket">The socket, which belongs to the filter from now on.</param>
    /// <param name="network">The network namespace that the socket is of; null: this process's.</param>
    /// <exception cref="LinuxException">It is no such socket.</exception>
    public static BridgeFilter Adopt(string name, Fd socket, Fd? network = null) => Create(name, NftNetlink.Adopt(socket), network);

    /// <summary>
    /// Makes the table what it is to be. Where it is known to be as this object has made it, only differences are carried out; otherwise all that is in
    /// it is made anew, and what was there is gone in the same moment.
    /// </summary>
    /// <exception cref="TareException">Conflict: another process owns the table. Otherwise what the kernel refuses; everything is as it was.</exception>
    public void Restore(IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        lock (gate)
        {
            if (IsAsMade())
            {
                Reconcile(networks, endpoints);
                return;
            }
            var newNetworks = networks.Select(network => new FilteredNetwork(table, network)).ToDictionary(static network => network.Id);
            var newEndpoints = endpoints.ToDictionary(static endpoint => endpoint.Id);
            Rebuild(newNetworks, newEndpoints);
            Set(this.networks, newNetworks);
            Set(this.endpoints, newEndpoints);
        }
    }

    /// <summary>Makes the table anew from what was put into it, where somebody may have removed it, or parts of it.</summary>
    /// <exception cref="TareException">As <see cref="Restore(IReadOnlyCollection{Network}, IReadOnlyCollection{BridgeEndpoint})"/>.</exception>
    public void Restore()
    {
        lock (gate)
        {
            if (!IsAsMade()) Rebuild(networks, endpoints);
        }
    }

    /// <summary>Adds a network, or changes what is known of it; nothing happens when it is known so.</summary>
    /// <exception cref="LinuxException">The kernel refuses; nothing has changed.</exception>
    public void Add(Network network)
    {
        lock (gate)
        {
            var before = networks.GetValueOrDefault(network.Id);
            if (before is not null && before.IsSameAs(network)) return;
            var after = new FilteredNetwork(table, network);
            var (own, batch) = (endpoints.Values.Where(endpoint => endpoint.NetworkId == network.Id).ToArray(), new NftBatch());
            if (before is not null)
            {
                Change(batch, own.SelectMany(before.Of), add: false);
                before.Remove(batch);
            }
            after.Add(batch);
            Change(batch, own.SelectMany(after.Of), add: true);
            Commit(batch, () => networks[network.Id] = after);
        }
    }

    /// <summary>Removes a network with its endpoints; nothing happens when it is not known.</summary>
    /// <exception cref="LinuxException">The kernel refuses; nothing has changed.</exception>
    public void Remove(Network network)
    {
        lock (gate)
        {
            if (!networks.TryGetValue(network.Id, out var known)) return;
            var (own, batch) = (endpoints.Values.Where(endpoint => endpoint.NetworkId == network.Id).ToArray(), new NftBatch());
            Change(batch, own.SelectMany(known.Of), add: false);
            known.Remove(batch);
            Commit(batch, () =>
            {
                networks.Remove(network.Id);
                foreach (var endpoint in own) endpoints.Remove(endpoint.Id);
            });
            flows.Withdraw(own);
        }
    }

    /// <summary>
    /// Adds endpoints, or changes what is known of them; nothing happens with those that are known so. Flows without connections (UDP) that have
    /// been sent to their ports go to them from now on.
    /// </summary>
    /// <exception cref="InvalidOperationException">Their network is not known.</exception>
    /// <exception cref="LinuxException">
    /// The kernel refuses, such as EEXIST for a port that leads to another endpoint; nothing has changed. Or it does not forget connections; the table
    /// has changed then.
    /// </exception>
    public void Add(params IReadOnlyCollection<BridgeEndpoint> added)
    {
        lock (gate)
        {
            var (batch, old, changed) = (new NftBatch(), new List<BridgeEndpoint>(), new List<BridgeEndpoint>());
            var (before, after) = (new List<(NftSet, NftElement)>(), new List<(NftSet, NftElement)>());
            foreach (var endpoint in added)
            {
                if (endpoints.TryGetValue(endpoint.Id, out var known))
                {
                    if (IsSame(known, endpoint)) continue;
                    old.Add(known);
                    before.AddRange(NetworkOf(known).Of(known));
                }
                changed.Add(endpoint);
                after.AddRange(NetworkOf(endpoint).Of(endpoint));
            }
            Change(batch, before, add: false);
            Change(batch, after, add: true);
            Commit(batch, () =>
            {
                foreach (var endpoint in changed) endpoints[endpoint.Id] = endpoint;
            });
            flows.Withdraw(old);
            flows.Publish(changed);
        }
    }

    /// <summary>Removes endpoints, and makes the kernel forget all connections to them; nothing happens with those that are not known.</summary>
    /// <exception cref="LinuxException">The kernel refuses; nothing has changed.</exception>
    public void Remove(params IReadOnlyCollection<BridgeEndpoint> removed) => Forget(Withdraw(removed));

    /// <summary>Removes endpoints, whose connections are still to be forgotten before their addresses are given out again; nothing happens with those that are not known.</summary>
    /// <returns>Those that were known.</returns>
    /// <exception cref="LinuxException">The kernel refuses; nothing has changed.</exception>
    public IReadOnlyList<BridgeEndpoint> Withdraw(params IReadOnlyCollection<BridgeEndpoint> withdrawn)
    {
        lock (gate)
        {
            var own = withdrawn.Select(endpoint => endpoints.GetValueOrDefault(endpoint.Id)).OfType<BridgeEndpoint>().ToArray();
            var batch = new NftBatch();
            Change(batch, own.SelectMany(endpoint => NetworkOf(endpoint).Of(endpoint)), add: false);
            Commit(batch, () =>
            {
                foreach (var endpoint in own) endpoints.Remove(endpoint.Id);
            });
            return own;
        }
    }

    /// <summary>Makes the kernel forget all connections of endpoints that were withdrawn. It costs a walk through all that the kernel knows, however many they are.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Forget(params IReadOnlyCollection<BridgeEndpoint> withdrawn)
    {
        lock (gate) flows.Withdraw(withdrawn);
    }

    /// <summary>Removes the table: the host is as it was before.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Clear()
    {
        lock (gate)
        {
            if (tables.Tables().Any(IsOurs)) tables.Commit(new NftBatch().Remove(table.Table));
            networks.Clear();
            endpoints.Clear();
            restored = false;
        }
    }

    /// <summary>Whether the table is there, and is this filter's; without an owner also whether its chains and sets are. It does not look into them.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public bool IsIntact()
    {
        lock (gate)
        {
            if (!tables.Tables().Any(found => IsOurs(found) && (!IsOwned || found.OwnerPort == tables.Port))) return false;
            return IsOwned || tables.Sets(table.Table).Count >= table.Sets.Count;
        }
    }

    /// <summary>Ends; the table goes with the last duplicate of the socket, unless the kernel keeps it (6.9) or knows no owners.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            tables.Dispose();
            flows.Dispose();
        }
    }

    private static BridgeFilter Create(string name, NftNetlink tables, Fd? network)
    {
        ConntrackNetlink? connections = null;
        try
        {
            connections = network is null ? ConntrackNetlink.Open() : ConntrackNetlink.OpenIn(network);
            return new BridgeFilter(name, tables, connections);
        }
        catch
        {
            tables.Dispose();
            connections?.Dispose();
            throw;
        }
    }

    private static void Set<T>(Dictionary<string, T> target, Dictionary<string, T> content)
    {
        target.Clear();
        foreach (var (id, value) in content) target.Add(id, value);
    }

    private static bool IsSame(BridgeEndpoint one, BridgeEndpoint other) =>
        one.NetworkId == other.NetworkId && Equals(one.IPv4, other.IPv4) && Equals(one.IPv6, other.IPv6) && (ReferenceEquals(one.Ports, other.Ports) || one.Ports.SequenceEqual(other.Ports));

    private static void Change(NftBatch batch, IEnumerable<(NftSet Set, NftElement Element)> elements, bool add)
    {
        var bySet = new Dictionary<NftSet, List<NftElement>>(ReferenceEqualityComparer.Instance);
        foreach (var (set, element) in elements)
        {
            if (!bySet.TryGetValue(set, out var list)) bySet.Add(set, list = []);
            list.Add(element);
        }
        foreach (var (set, list) in bySet) _ = add ? batch.AddElements(set, list) : batch.RemoveElements(set, list);
    }

    private FilteredNetwork NetworkOf(BridgeEndpoint endpoint) => NetworkOf(endpoint, networks);

    private static FilteredNetwork NetworkOf(BridgeEndpoint endpoint, Dictionary<string, FilteredNetwork> networks) =>
        networks.GetValueOrDefault(endpoint.NetworkId) ?? throw new InvalidOperationException($"the network {endpoint.NetworkId} of the endpoint {endpoint.Id} is not in the filter");

    /// <summary>Makes the table anew though it may be as it was made.</summary>
    internal void Replace()
    {
        lock (gate) Rebuild(networks, endpoints);
    }

    /// <summary>Whether the kernel has kept everybody from changing what this object has made.</summary>
    private bool IsAsMade() => restored && IsOwned && IsIntact();

    /// <summary>One transaction with what differs.</summary>
    private void Reconcile(IReadOnlyCollection<Network> wantedNetworks, IReadOnlyCollection<BridgeEndpoint> wantedEndpoints)
    {
        var batch = new NftBatch();
        var newNetworks = wantedNetworks.ToDictionary(static network => network.Id, network => networks.TryGetValue(network.Id, out var known) && known.IsSameAs(network) ? known : new FilteredNetwork(table, network));
        var newEndpoints = wantedEndpoints.ToDictionary(static endpoint => endpoint.Id);
        var (gone, come) = (endpoints.Values.Where(known => !Stays(known)).ToArray(), newEndpoints.Values.Where(wanted => !endpoints.TryGetValue(wanted.Id, out var known) || !Stays(known)).ToArray());
        Change(batch, gone.SelectMany(endpoint => NetworkOf(endpoint).Of(endpoint)), add: false);
        foreach (var network in networks.Values.Where(known => newNetworks.GetValueOrDefault(known.Id) != known)) network.Remove(batch);
        foreach (var network in newNetworks.Values.Where(wanted => networks.GetValueOrDefault(wanted.Id) != wanted)) network.Add(batch);
        Change(batch, come.SelectMany(endpoint => NetworkOf(endpoint, newNetworks).Of(endpoint)), add: true);
        tables.Commit(batch);
        Set(networks, newNetworks);
        Set(endpoints, newEndpoints);
        flows.Withdraw(gone);
        flows.Publish(come);

        bool Stays(BridgeEndpoint known) => newEndpoints.TryGetValue(known.Id, out var wanted) && IsSame(known, wanted) && newNetworks.GetValueOrDefault(known.NetworkId) == networks[known.NetworkId];
    }

    private bool IsOurs(NftTable found) => found.Family == table.Table.Family && found.Name == table.Table.Name;

    /// <summary>
    /// One transaction with all. Where the kernel knows no owners, the table itself goes: there is somebody who watches, and gets a notice for each
    /// element that is taken out, too many perhaps.
    /// </summary>
    private void Rebuild(Dictionary<string, FilteredNetwork> networks, Dictionary<string, BridgeEndpoint> endpoints)
    {
        // One that is still there and one that is not take different first steps; others may make, change or remove it in between.
        for (var attempt = 0; ; attempt++)
        {
            var (batch, found, keeps) = (new NftBatch(), default(FoundTable), false);
            try
            {
                found = FoundTable.Find(tables, table);
                keeps = attempt == 0 && IsOwned && found is { IsLikeWanted: true };
                if (keeps)
                {
                    found!.Empty(batch, networks.Values.Select(static network => network.Sources).OfType<NftChain>());
                    table.DefineRules(batch);
                }
                else
                {
                    if (found is not null) batch.Remove(found.Table);
                    table.Define(batch);
                }
                foreach (var network in networks.Values) network.Add(batch);
                Change(batch, endpoints.Values.SelectMany(endpoint => NetworkOf(endpoint, networks).Of(endpoint)), add: true);
                tables.Commit(batch);
                restored = true;
                return;
            }
            catch (LinuxException e) when (attempt < 3 && (keeps ? e.Error != Errno.EPERM : e.Error is Errno.ENOENT or Errno.EEXIST))
            {
                continue;
            }
            catch (LinuxException e) when (e.Error == Errno.EPERM && found is { Table.OwnerPort: > 0 } && found.Table.OwnerPort != tables.Port)
            {
                throw new TareException(ErrorKind.Conflict, $"the table {table.Table} of the packet filter belongs to another process: stop the other engine, or give this one another name", e);
            }
        }
    }

    private void Commit(NftBatch batch, Action remember)
    {
        if (!restored) throw new InvalidOperationException("the filter has not been restored yet");
        try
        {
            tables.Commit(batch);
            remember();
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT && !IsIntact())
        {
            // Somebody has removed it where the kernel knows no owners.
            remember();
            Rebuild(networks, endpoints);
        }
    }
}
