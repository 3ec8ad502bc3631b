using Tare.Cli.Commands;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci start: lets the program of a created container begin.</summary>
internal sealed class OciStart() : OciVerb("<container-id>", "Start a container that was created", ArgumentCount.Exactly(1))
{
    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0], locked: true);
        using var notify = container.OpenNotifySocket(OciSession.NotifySocket);
        container.Start();
        if (notify is null || container.OpenProcess() is not { } process) return 0;
        // From here on others may look at it.
        container.Unlock();
        using (process) notify.PassOn(process, container.Pid, wait: true);
        return 0;
    }
}
