using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Errors;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci delete: removes what is left of a container.</summary>
internal sealed class OciDelete : OciVerb
{
    private readonly SwitchFlag force;

    public OciDelete()
        : base("<container-id>", "Delete a container that has stopped", ArgumentCount.Exactly(1)) =>
        force = Flags.Switch("force", "Kill it first if it runs; no error when there is none", 'f');

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        OciContainer container;
        try
        {
            container = OciContainer.Open(session.Context, arguments[0], locked: true);
        }
        catch (TareException e) when (force.Value && e.Kind == ErrorKind.NotFound)
        {
            // What a creation has left that was killed in its first moments.
            OciContainer.Forget(session.Context, arguments[0]);
            return 0;
        }
        using (container) container.Delete(force.Value);
        return 0;
    }
}
