using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Linux;
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
        using var notify = created.Notify;
        // From here on others may look at it.
        if (!detach.Value || notify is not null) container.Unlock();
        using var process = notify is null ? null : PidFds.Open(created.Pid);
        if (detach.Value)
        {
            notify?.PassOn(process!, created.Pid, wait: true);
            return 0;
        }
        // This program is the one that the unit is watched by, and its end is the container's.
        var passing = notify is null ? null : new Thread(() => notify.PassOn(process!, Environment.ProcessId, wait: false)) { IsBackground = true, Name = "notify" };
        passing?.Start();
        var code = foreground.Wait(created.Pid, created.Terminal);
        passing?.Join();
        if (!keep.Value) container.Remove();
        return code;
    }
}
