using Tare.Linux;
using Tare.Linux.Netlink;

namespace Tare.Networks.Links;

/// <summary>
/// The network namespace of a container, with what is needed to change it from outside: a socket and a folder of settings, both of which belong to the namespace
/// in which they were opened, so that a thread has to go there once and not for each change. For one thread at a time; others wait.
/// </summary>
/// <param name="network">The namespace, which is this object's from now on.</param>
public sealed class SandboxNetwork(Fd network) : IDisposable
{
    private readonly Lock gate = new();
    private RouteNetlink? links;
    private Fd? settings;
    private bool prepared;

    /// <summary>The namespace.</summary>
    public Fd Namespace => network;

    /// <summary>A new namespace with a loopback device that is up, <see cref="Prepare">prepared</see> by the thread that makes it.</summary>
    /// <exception cref="LinuxException">The kernel refuses to make one.</exception>
    public static SandboxNetwork New() => Namespaces.NewNetwork(static made =>
    {
        var sandbox = new SandboxNetwork(made);
        try
        {
            (sandbox.links, sandbox.settings) = OpenHere();
            sandbox.prepared = true;
            return sandbox;
        }
        catch
        {
            sandbox.Dispose();
            throw;
        }
    });

    /// <summary>Opens what is needed, ahead of need, and brings the loopback device up; nothing when it is open. It costs a thread.</summary>
    /// <exception cref="LinuxException">The namespace cannot be entered.</exception>
    public void Prepare()
    {
        lock (gate) Open();
    }

    /// <summary>Closes what <see cref="Prepare"/> has opened, two descriptors and 64 KiB; the namespace stays, and everything is opened again when it is needed.</summary>
    public void Relax()
    {
        lock (gate) Close();
    }

    /// <summary>Gives the namespace alone away: this object is of no use any more.</summary>
    public Fd Release()
    {
        lock (gate) Close();
        return network;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate) Close();
        network.Dispose();
    }

    /// <summary>Does something with the socket.</summary>
    internal T Use<T>(Func<RouteNetlink, T> action)
    {
        lock (gate) return action(Open());
    }

    /// <summary>Writes a setting of IPv6 of a device.</summary>
    /// <returns>0, or the error number; ENOENT: the kernel has no IPv6.</returns>
    internal int TrySetIPv6(string device, string name, string value)
    {
        lock (gate)
        {
            _ = Open();
            return settings is null ? Errno.ENOENT : NetworkSettings.TryWrite(settings, $"{device}/{name}", value);
        }
    }

    /// <summary>Opens it in the namespace that the thread is in.</summary>
    private static (RouteNetlink Links, Fd? Settings) OpenHere()
    {
        var opened = RouteNetlink.Open();
        try
        {
            return (opened, NetworkSettings.OpenFolder("ipv6/conf"));
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private RouteNetlink Open()
    {
        if (prepared) return links!;
        (links, settings) = Namespaces.InNetwork(network, OpenHere);
        try
        {
            links.Execute(new LinkChange(new LinkId(1, "lo")) { Up = true });
        }
        catch
        {
            Close();
            throw;
        }

        prepared = true;
        return links;
    }

    private void Close()
    {
        links?.Dispose();
        settings?.Dispose();
        (links, settings, prepared) = (null, null, false);
    }
}
