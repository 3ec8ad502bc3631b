namespace Tare.Networks.Dns.Names;

/// <summary>A container's side of the embedded server.</summary>
/// <param name="id">For messages about it: the container's id.</param>
public sealed class DnsSandbox(string id)
{
    private volatile DnsView view = DnsView.Empty;

    /// <summary>The container's id.</summary>
    public string Id { get; } = id;

    /// <summary>What it sees from now on. Questions that are being answered go by the one before.</summary>
    public DnsView View
    {
        get => view;
        set => view = value;
    }
}
