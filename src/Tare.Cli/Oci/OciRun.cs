using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci run: makes and starts a container, waits for its end and removes it.</summary>
internal sealed class OciRun : OciVerb
{
    private readonly CreationFlags creation;
    private readonly SwitchFlag detach;
    private readonly SwitchFlag keep;

    public OciRun()
        : base("<container-id>", "Create and start a container", ArgumentCount.Exactly(1))
    {
        creation = new CreationFlags(Flags);
        detach = Flags.Switch("detach", "Do not wait for its end", 'd');
        keep = Flags.Switch("keep", "Do not delete it after its end");
        Flags.Add(new SwitchFlag("no-subreaper", '\0', "Ignored: orphans go to the caller") { Hidden = true });
    }

    public override string FailurePrefix => "runc run failed: ";

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        var foreground = new Foreground();
        var request = creation.Request(arguments[0]) with { Start = true };
        if (!detach.Value) request = request with { KeepsTerminal = true, Born = foreground.Attend };
        if (!detach.Value && request.ConsoleSocket.Length > 0) throw new CommandException("cannot use console socket if runc will not detach or allocate tty: say --detach too");
        var created = new ContainerCreator(session.Context).Create(request);
        using var container = created.Container;
        if (detach.Value) return 0;
        // From here on others may look at it.
        container.Unlock();
        var code = foreground.Wait(created.Pid, created.Terminal);
        if (!keep.Value) container.Remove();
        return code;
    }
}
