using Tare.Linux;
using Tare.Linux.Netlink.Tables;

namespace Tare.Networks.Filters;

/// <summary>
/// Tells when somebody else has changed the table of a <see cref="BridgeFilter"/>, which then has to be restored: where the kernel knows no owners
/// of tables, or when the table has lost its owner.
/// </summary>
/// <param name="filter">The filter.</param>
/// <param name="network">The network namespace that it is of; null: this process's.</param>
/// <exception cref="LinuxException">The kernel refuses to tell of changes.</exception>
public sealed class FilterWatch(BridgeFilter filter, Fd? network = null) : IDisposable
{
    private readonly NftMonitor monitor = network is null ? NftMonitor.Open() : NftMonitor.OpenIn(network);
    private readonly List<NftChange> changes = [];

    /// <summary>Readable when something has changed in the namespace.</summary>
    public Fd Descriptor => monitor.Descriptor;

    /// <summary>Waits until the table was changed by somebody else.</summary>
    /// <returns>Who it was: the name of a thread, which of most programs is the program's; null when that is not known.</returns>
    /// <exception cref="OperationCanceledException">Nobody waits any longer.</exception>
    public async Task<string?> WaitForDamageAsync(Poller poller, CancellationToken cancellationToken)
    {
        while (true)
        {
            await poller.WaitReadableAsync(monitor.Descriptor, cancellationToken);
            if (TakeDamage(out var culprit)) return culprit;
        }
    }

    /// <summary>Takes the notices that there are, without waiting.</summary>
    /// <param name="culprit">As <see cref="WaitForDamageAsync"/>.</param>
    /// <returns>Whether the table was changed by somebody else, or that may be so.</returns>
    public bool TakeDamage(out string? culprit)
    {
        changes.Clear();
        var complete = monitor.Take(changes);
        culprit = null;
        var damaged = !complete && (!filter.IsOwned || !filter.IsIntact());
        var pending = false;
        foreach (var change in changes)
        {
            // The one that ends a transaction tells whose it was.
            if (change.Kind == NftChangeKind.Generation)
            {
                if (pending) culprit = change.ThreadName;
                pending = false;
            }
            else if (change.Table == filter.Name && change.Family == NftFamily.Inet && change.Port != filter.Port)
            {
                damaged = pending = true;
            }
        }
        return damaged;
    }

    /// <inheritdoc/>
    public void Dispose() => monitor.Dispose();
}
