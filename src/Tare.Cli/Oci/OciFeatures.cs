using Tare.Cli.Commands;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci features: what this runtime understands.</summary>
internal sealed class OciFeatures() : OciVerb("", "Print what this runtime supports, as JSON", ArgumentCount.None)
{
    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        session.Out.WriteThrough(SpecWriter.WriteFeatures(RuntimeFeatures.Of(new Dictionary<string, string>
        {
            ["tare.commit"] = BuildInfo.Commit,
            ["tare.version"] = BuildInfo.Version,
            // Callers ask for this one by its name before they offer checkpoints.
            ["org.opencontainers.runc.checkpoint.enabled"] = "false",
        })));
        return 0;
    }
}
