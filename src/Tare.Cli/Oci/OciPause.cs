using Tare.Cli.Commands;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci pause and oci resume: freezes and thaws all processes of a container.</summary>
internal sealed class OciPause(bool paused)
    : OciVerb("<container-id>", paused ? "Suspend all processes of a container" : "Resume all processes of a container", ArgumentCount.Exactly(1))
{
    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0], locked: true);
        container.Pause(paused);
        return 0;
    }
}
