using System.Collections.Concurrent;
using System.Net;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Linux;
using Tare.Networks;
using Tare.Networks.Dns.Names;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;

namespace Tare.Engine.Tests;

/// <summary>The kernel's networks in memory: what is made stays through an engine's death, and steps fail where a test wants.</summary>
internal sealed class FakePlane : INetworkPlane
{
    private ushort nextPort = 32768;

    /// <summary>The word of a step that is to fail: <c>make</c>, <c>attach</c>, <c>publish</c>, <c>reserve</c>, <c>names</c>, <c>gateways</c>.</summary>
    public string? Failing { get; set; }

    public ConcurrentDictionary<string, Network> Made { get; } = new();

    public ConcurrentDictionary<string, BridgeEndpoint> Attached { get; } = new();

    public ConcurrentDictionary<string, BridgeEndpoint> Published { get; } = new();

    public ConcurrentDictionary<string, IReadOnlyList<PublishedPort>> Reserved { get; } = new();

    public ConcurrentDictionary<string, DnsSandbox> Named { get; } = new();

    /// <summary>Namespaces that were given and not disposed.</summary>
    public int Held => held;

    /// <summary>The last ways out of a container.</summary>
    public (Gateway? IPv4, Gateway? IPv6) Gateways { get; private set; }

    private int held;

    /// <summary>Whether nothing of a container is left.</summary>
    public bool IsEmpty => Attached.IsEmpty && Published.IsEmpty && Reserved.IsEmpty && Named.IsEmpty && held == 0;

    public IReadOnlyList<IPNetwork> HostRoutes() => [];

    public IReadOnlyList<string> Obstacles() => [];

    public Task RestoreAsync(IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        Made.Clear();
        foreach (var network in networks) Made[network.Id] = network;
        Keep(Attached, endpoints);
        Keep(Published, endpoints);
        foreach (var container in Reserved.Keys.Except(endpoints.Where(endpoint => endpoint.Ports.Count > 0).Select(endpoint => endpoint.ContainerId))) Reserved.TryRemove(container, out _);
        return Task.CompletedTask;
    }

    /// <summary>What an engine held is gone with it.</summary>
    public void EngineDies()
    {
        held = 0;
        Named.Clear();
    }

    public void Make(Network network)
    {
        Try("make");
        Made[network.Id] = network;
    }

    public void Remove(Network network, IEnumerable<Network> others) => Made.TryRemove(network.Id, out _);

    public INetworkSandbox Take()
    {
        Interlocked.Increment(ref held);
        return new Sandbox(this);
    }

    public void Discard(INetworkSandbox sandbox) => sandbox.Dispose();

    public INetworkSandbox? Open(int pid, Fd process) => Take();

    public Task<IReadOnlyList<PublishedPort>> ReserveAsync(string containerId, IReadOnlyList<PortRequest> ports)
    {
        Try("reserve");
        IReadOnlyList<PublishedPort> made =
            [.. ports.SelectMany(port => (ushort)(port.First > 0 ? port.First : nextPort++) is var number ? port.HostAddresses.Select(address => new PublishedPort(port.Protocol, port.ContainerPort, address, number)) : [])];
        if (made.Any(port => Reserved.Values.Any(others => others.Any(other => other.HostPort == port.HostPort && other.Protocol == port.Protocol)))) throw TareException.Internal("port is already allocated");
        Reserved[containerId] = made;
        return Task.FromResult(made);
    }

    public Task ReleaseAsync(string containerId)
    {
        Reserved.TryRemove(containerId, out _);
        return Task.CompletedTask;
    }

    public void Attach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device)
    {
        Try("attach");
        Assert.True(Made.ContainsKey(network.Id), "a container is put on a network that has no device");
        Assert.True(Attached.TryAdd(endpoint.Id, endpoint));
    }

    public void Publish(Network network, BridgeEndpoint endpoint)
    {
        Try("publish");
        Published[endpoint.Id] = endpoint;
    }

    public Task PublishAgainAsync(Network network, BridgeEndpoint endpoint)
    {
        Publish(network, endpoint);
        return Task.CompletedTask;
    }

    public Task MovePortsAsync(BridgeEndpoint from, BridgeEndpoint to)
    {
        Try("move");
        (Published[from.Id], Published[to.Id]) = (from, to);
        return Task.CompletedTask;
    }

    public void Withdraw(Network network, BridgeEndpoint endpoint) => Published.TryRemove(endpoint.Id, out _);

    /// <summary>What was withdrawn lets nothing pass any more, and goes with its namespace.</summary>
    public Task ForgetAsync(IReadOnlyList<BridgeEndpoint> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            Assert.False(Published.ContainsKey(endpoint.Id), "connections are forgotten while new ones are made");
            Attached.TryRemove(endpoint.Id, out _);
        }

        return Task.CompletedTask;
    }

    public void Detach(INetworkSandbox sandbox, Network network, BridgeEndpoint endpoint, string device) => Attached.TryRemove(endpoint.Id, out _);

    public void SetGateways(INetworkSandbox sandbox, Gateway? ipv4, Gateway? ipv6)
    {
        Try("gateways");
        Gateways = (ipv4, ipv6);
    }

    public Task ServeNamesAsync(INetworkSandbox sandbox, DnsSandbox names)
    {
        Try("names");
        Named[names.Id] = names;
        return Task.CompletedTask;
    }

    public Task EndNamesAsync(DnsSandbox names)
    {
        Named.TryRemove(names.Id, out _);
        return Task.CompletedTask;
    }

    public Task PassableAsync(INetworkSandbox sandbox) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void Keep(ConcurrentDictionary<string, BridgeEndpoint> what, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        foreach (var id in what.Keys.Except(endpoints.Select(endpoint => endpoint.Id))) what.TryRemove(id, out _);
        foreach (var endpoint in endpoints) what[endpoint.Id] = endpoint;
    }

    private void Try(string step)
    {
        if (Failing == step) throw TareException.Internal($"the test lets \"{step}\" fail");
    }

    private sealed class Sandbox(FakePlane plane) : INetworkSandbox
    {
        private bool disposed;

        public Fd Namespace { get; } = RegularFiles.OpenNull();

        public void Dispose()
        {
            if (disposed) return;
            disposed = true;
            Namespace.Dispose();
            Interlocked.Decrement(ref plane.held);
        }
    }
}
