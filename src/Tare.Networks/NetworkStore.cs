using System.Collections.Concurrent;
using System.Security.Cryptography;
using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;
using Tare.Networks.Catalogs;
using Tare.Store;

namespace Tare.Networks;

/// <summary>
/// All networks: those that are always there, and those that somebody has made. Each is written down before anything of the kernel's is made for
/// it, and until all of that is gone. Thread-safe.
/// </summary>
public sealed class NetworkStore
{
    private readonly Lock _lock = new();
    private readonly NetworkTable _table;
    private readonly NetworkStoreOptions _options;
    private readonly NetworkPlanner _planner;
    private readonly DefaultBridgePlanner _bridges;
    private readonly ConcurrentDictionary<string, NetworkLeases> _leases = new(StringComparer.Ordinal);

    // Written down, and not there yet or not any more: nobody else may have their names, devices and subnets.
    private readonly Dictionary<string, Network> _passing;
    private volatile NetworkCatalog _catalog;

    private NetworkStore(NetworkTable table, NetworkStoreOptions options, IReadOnlyList<Network> ready, IReadOnlyList<Network> passing)
    {
        (_table, _options) = (table, options);
        _planner = new NetworkPlanner(options.Pools, options.DefaultOptions);
        _bridges = new DefaultBridgePlanner(options);
        _passing = passing.ToDictionary(network => network.Id, StringComparer.Ordinal);
        _catalog = new NetworkCatalog(ready);
        Unfinished = passing;
    }

    /// <summary>The store's tables.</summary>
    public static SchemaOwner Schema => NetworkSchema.Owner;

    /// <summary>The networks at this moment.</summary>
    public NetworkCatalog Catalog => _catalog;

    /// <summary>The networks whose making or removal the last engine did not finish. What there is of them is to be removed, and then <see cref="End"/> called.</summary>
    public IReadOnlyList<Network> Unfinished { get; }

    /// <summary>Opens the store; makes the predefined networks if they are not there.</summary>
    /// <param name="database">A database with <see cref="Schema"/>.</param>
    /// <param name="options">What it needs to know.</param>
    /// <exception cref="TareException">The database is damaged, or the disk is full.</exception>
    public static NetworkStore Open(Database database, NetworkStoreOptions options)
    {
        var table = new NetworkTable(database);
        var (ready, passing) = table.Read();
        var wanted = PredefinedNetworks.Names.Where(name => name != PredefinedNetworks.Bridge || !options.DefaultBridge.IsAbsent);
        foreach (var name in wanted.Where(name => ready.All(network => network.Name != name)))
        {
            // One that the last engine was just writing down is made anew under the same name.
            foreach (var half in passing.Where(network => network.Name == name)) table.End(half.Id);
            var network = name == PredefinedNetworks.Bridge
                ? new DefaultBridgePlanner(options).Plan(NewId(), null, [.. ready, .. passing.Where(network => network.Name != name)])
                : PredefinedNetworks.Make(name, NewId(), options.Time.GetUtcNow());
            table.Begin(network);
            table.Complete(network.Id);
            ready = [.. ready, network];
        }

        return new NetworkStore(table, options, ready, [.. passing.Where(network => !PredefinedNetworks.Names.Contains(network.Name))]);
    }

    /// <summary>The default bridge; null when the user wants none.</summary>
    public Network? DefaultBridge => _catalog.All.FirstOrDefault(network => network.Name == PredefinedNetworks.Bridge);

    /// <summary>Whether the default bridge is what the user's options say: it is not when they have changed, until <see cref="RenewDefaultBridge"/>.</summary>
    /// <exception cref="TareException">What they say cannot be.</exception>
    public bool IsDefaultBridgeAsWanted => DefaultBridge is not { } known ? _options.DefaultBridge.IsAbsent : !_options.DefaultBridge.IsAbsent && DefaultBridgePlanner.AreSame(known, PlanDefaultBridge(known));

    /// <summary>Makes the default bridge what the user's options say. No container may be on it, and nothing of the kernel's be there for it.</summary>
    /// <exception cref="TareException">It cannot be; everything is as it was.</exception>
    public void RenewDefaultBridge()
    {
        lock (_lock)
        {
            if (IsDefaultBridgeAsWanted || DefaultBridge is not { } known) return;
            var others = _catalog.All.Where(other => other.Id != known.Id);
            if (_options.DefaultBridge.IsAbsent)
            {
                _table.End(known.Id);
                _catalog = new NetworkCatalog(others);
            }
            else
            {
                var changed = PlanDefaultBridge(known);
                _table.Replace(changed);
                _catalog = new NetworkCatalog(others.Append(changed));
            }

            _leases.TryRemove(known.Id, out _);
        }
    }

    /// <summary>An id for a network or an endpoint: 64 hexadecimal digits.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>Decides what a network is that somebody asks for, and writes it down. Nobody sees it before <see cref="Complete"/>.</summary>
    /// <param name="request">What is asked for.</param>
    /// <exception cref="TareException">It cannot be, in Docker's words.</exception>
    public Network Begin(NetworkRequest request)
    {
        lock (_lock)
        {
            var existing = new NetworkCatalog(_catalog.All.Concat(_passing.Values));
            var network = _planner.Plan(request, NewId(), existing, _options.HostRoutes(), _options.Time.GetUtcNow());
            _table.Begin(network);
            _passing.Add(network.Id, network);
            return network;
        }
    }

    /// <summary>A network has been made: from now on it is there.</summary>
    /// <param name="network">The network.</param>
    public void Complete(Network network)
    {
        lock (_lock)
        {
            _table.Complete(network.Id);
            _passing.Remove(network.Id);
            _catalog = new NetworkCatalog(_catalog.All.Append(network));
        }
    }

    /// <summary>A network is about to be removed: from now on nobody sees it.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="TareException">Forbidden: other networks are made from it.</exception>
    public void Doom(Network network)
    {
        lock (_lock)
        {
            if (network.IsConfigOnly && _catalog.All.Concat(_passing.Values).Any(other => other.ConfigFrom == network.Name))
                throw TareException.Forbidden($"error while removing network: configuration network \"{network.Name}\" is in use");
            _table.Doom(network.Id);
            _passing[network.Id] = network;
            _catalog = new NetworkCatalog(_catalog.All.Where(other => other.Id != network.Id));
        }
    }

    /// <summary>Nothing of a network is left.</summary>
    /// <param name="network">The network.</param>
    public void End(Network network)
    {
        lock (_lock)
        {
            _table.End(network.Id);
            _passing.Remove(network.Id);
            _leases.TryRemove(network.Id, out _);
        }
    }

    /// <summary>Who has which address of a network.</summary>
    /// <param name="network">The network.</param>
    public NetworkLeases LeasesOf(Network network) => _leases.GetOrAdd(network.Id, static (_, network) => new NetworkLeases(network), network);

    private Network PlanDefaultBridge(Network known) => _bridges.Plan(known.Id, known, [.. _catalog.All.Where(other => other.Id != known.Id), .. _passing.Values]);
}
