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
    public static NetworkNames Of(string dataRoot, string engineId)
    {
        IReadOnlyList<AddressPool> pools = [.. AddressPool.Defaults, AddressPool.UniqueLocal(Encoding.UTF8.GetBytes(engineId))];
        return dataRoot == OwnDataRoot ? new("tare", "tare0", pools) : new($"tare-{engineId[..8]}", $"tare-{engineId[..8]}", pools);
    }
}
