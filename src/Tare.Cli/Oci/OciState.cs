using Tare.Cli.Commands;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci state: prints the state of a container.</summary>
internal sealed class OciState() : OciVerb("<container-id>", "Print the state of a container", ArgumentCount.Exactly(1))
{
    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0]);
        session.Out.WriteThrough(SpecWriter.WriteReport(new StateReport(container.StateOf(container.Status()), container.Rootfs, container.Created)));
        return 0;
    }
}
