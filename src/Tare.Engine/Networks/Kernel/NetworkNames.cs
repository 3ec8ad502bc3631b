using System.Net.Sockets;
using System.Text;
using Tare.Networks.Addresses;

namespace Tare.Engine.Networks.Kernel;

/// <summary>What an engine's own things on the host are called: plainly for the machine's own engine, and by its id for others beside it.</summary>
/// <param name="FilterTable">The table of the packet filter.</param>
/// <param name="DefaultDevice">The device of the default bridge.</param>
/// <param name="Pools">Where subnets come from.</param>
internal sealed record NetworkNames(string FilterTable, string DefaultDevice, IReadOnlyList<AddressPool> Pools)
{
    private const string OwnDataRoot = "/var/lib/tare";

    /// <summary>Those of an engine.</summary>
    /// <param name="dataRoot">Its data root.</param>
    /// <param name="engineId">What tells it from others.</param>
    /// <param name="own">The pools that the user wants; with none of IPv6 there is one of this engine's own.</param>
    public static NetworkNames Of(string dataRoot, string engineId, IReadOnlyList<AddressPool> own)
    {
        IReadOnlyList<AddressPool> pools = own.Count > 0 ? own : AddressPool.Defaults;
        if (pools.All(pool => pool.Range.BaseAddress.AddressFamily != AddressFamily.InterNetworkV6)) pools = [.. pools, AddressPool.UniqueLocal(Encoding.UTF8.GetBytes(engineId))];
        return dataRoot == OwnDataRoot ? new("tare", "tare0", pools) : new($"tare-{engineId[..8]}", $"tare-{engineId[..8]}", pools);
    }
}
