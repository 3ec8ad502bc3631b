using System.Collections.Concurrent;
using Tare.Linux;
using Tare.Linux.Netlink;

namespace Tare.Networks.Links;

/// <summary>The host's network for many threads at once: a socket of routing netlink is for one at a time, so each gets one that is free.</summary>
/// <param name="network">The network namespace that is the host's; null: this process's. Whoever has opened it closes it.</param>
public sealed class HostNetwork(Fd? network = null) : IDisposable
{
    /// <summary>How many are kept for the next; each has a buffer of 64 KiB.</summary>
    private const int Kept = 4;

    private readonly ConcurrentBag<RouteNetlink> free = [];
    private volatile bool disposed;

    /// <summary>The namespace; null: this process's.</summary>
    public Fd? Namespace => network;

    /// <summary>Does something with a socket of its own.</summary>
    /// <exception cref="LinuxException">It cannot be opened, or what <paramref name="action"/> throws.</exception>
    public T Use<T>(Func<RouteNetlink, T> action)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (!free.TryTake(out var links)) links = network is null ? RouteNetlink.Open() : RouteNetlink.OpenIn(network);
        try
        {
            return action(links);
        }
        finally
        {
            if (free.Count < Kept && !disposed) free.Add(links);
            else links.Dispose();
        }
    }

    /// <summary>Writes a setting, unless it is as wanted already: /proc/sys may be read-only.</summary>
    /// <param name="path">Below /proc/sys/net.</param>
    /// <param name="value">The value.</param>
    /// <returns>False: the kernel has no such setting.</returns>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public bool Set(string path, string value)
    {
        if (NetworkSettings.Read(network, path) is not { } found) return false;
        if (found != value) NetworkSettings.Write(network, (path, value));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        while (free.TryTake(out var links)) links.Dispose();
    }
}
