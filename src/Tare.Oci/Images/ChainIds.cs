using System.Text;

namespace Tare.Oci.Images;

/// <summary>Names of stacks of layers (OCI image-spec, config.md, "Layer ChainID").</summary>
public static class ChainIds
{
    /// <summary>The id of each layer with all below it, the lowest first.</summary>
    public static IReadOnlyList<Digest> Of(IReadOnlyList<Digest> diffIds)
    {
        var chain = new List<Digest>(diffIds.Count);
        foreach (var diffId in diffIds)
            chain.Add(chain.Count == 0 ? diffId : Digest.Of(Encoding.ASCII.GetBytes($"{chain[^1]} {diffId}")));
        return chain;
    }
}
