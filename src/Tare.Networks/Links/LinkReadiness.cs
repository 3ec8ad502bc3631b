using System.Net;
using Tare.Linux;
using Tare.Linux.Netlink;

namespace Tare.Networks.Links;

/// <summary>
/// Waits until packets pass over new devices. The kernel sees to that from work queues some time after both ends of a cable are up, and drops without a word
/// what is sent before. Since 6.8 asking for a device does what is left to do for it, so that there is mostly nothing to wait for then.
/// </summary>
public sealed class LinkReadiness(HostNetwork host, Poller poller)
{
    /// <summary>Waits for a container's device, its other end and its bridge, which lets nothing pass before its first port.</summary>
    /// <param name="link">What was attached.</param>
    /// <param name="sandbox">The container's network namespace.</param>
    /// <param name="atMost">How long. The bridge of a user that looks for loops (STP) needs half a minute, and Docker does not wait for it.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>False: the time is over, or a device is gone.</returns>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async ValueTask<bool> WaitAsync(SandboxLink link, SandboxNetwork sandbox, TimeSpan atMost, CancellationToken cancellationToken)
    {
        // In the order in which one's readiness is the next one's reason.
        if (OnHost() == State.Ready && InSandbox() == State.Ready) return true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(atMost);
        try
        {
            return await WaitAsync(OnHost, host.Namespace, limit.Token) && await WaitAsync(InSandbox, sandbox.Namespace, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        State OnHost() => host.Use(links => link.HostDevices.Select(name => StateOf(links.Find(name))).DefaultIfEmpty(State.Ready).Max());

        State InSandbox() => sandbox.Use(links =>
        {
            var state = StateOf(links.Find(link.Device.Index));
            if (state != State.Ready || link.IPv6 is null) return state;
            try
            {
                return links.Groups(link.Device.Index).Contains(GroupOf(link.IPv6)) ? State.Ready : State.Waiting;
            }
            catch (LinuxException e) when (e.Error == Errno.ENODEV)
            {
                return State.Gone;
            }
        });
    }

    private static State StateOf(NetworkLink? device) => device is null ? State.Gone : device.IsRunning ? State.Ready : State.Waiting;

    /// <summary>The group by which neighbours look for an address: ff02::1:ff00:0/104 with its last three bytes (RFC 4291, 2.7.1).</summary>
    private static IPAddress GroupOf(IPAddress address)
    {
        byte[] group = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, .. address.GetAddressBytes()[13..]];
        return new IPAddress(group);
    }

    private async ValueTask<bool> WaitAsync(Func<State> state, Fd? network, CancellationToken cancellationToken)
    {
        using var monitor = network is null ? LinkMonitor.Open() : LinkMonitor.OpenIn(network);
        while (true)
        {
            // After the monitor was opened: what happens from here on is told.
            if (state() is not State.Waiting and var found) return found == State.Ready;
            await poller.WaitReadableAsync(monitor.Descriptor, cancellationToken);
            monitor.Take();
        }
    }

    private enum State
    {
        Ready,
        Waiting,
        Gone,
    }
}
