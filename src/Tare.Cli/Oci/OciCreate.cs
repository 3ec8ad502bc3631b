using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci create: makes a container whose program waits to be started.</summary>
internal sealed class OciCreate : OciVerb
{
    private readonly CreationFlags creation;

    public OciCreate()
        : base("<container-id>", "Create a container", ArgumentCount.Exactly(1)) => creation = new CreationFlags(Flags);

    public override string FailurePrefix => "runc create failed: ";

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        var created = new ContainerCreator(session.Context).Create(creation.Request(arguments[0]));
        created.Container.Dispose();
        created.Terminal?.Dispose();
        return 0;
    }
}

/// <summary>The options that create and run share.</summary>
internal sealed class CreationFlags
{
    private readonly TextFlag bundle;
    private readonly TextFlag consoleSocket;
    private readonly TextFlag pidFile;
    private readonly SwitchFlag noPivot;
    private readonly SwitchFlag noNewKeyring;
    private readonly NumberFlag preserveFds;

    public CreationFlags(FlagSet flags)
    {
        bundle = flags.Text("bundle", "Directory of the bundle; without it the working directory", 'b');
        consoleSocket = flags.Text("console-socket", "Unix socket that gets the master of the container's terminal");
        pidFile = flags.Text("pid-file", "File to write the process number to");
        noPivot = flags.Switch("no-pivot", "Move the root instead of pivoting to it, as on a ramdisk");
        noNewKeyring = flags.Switch("no-new-keyring", "Keep the session keyring of the caller");
        preserveFds = flags.Number("preserve-fds", "Pass on this many descriptors beyond standard input, output and error");
    }

    public CreateRequest Request(string id) => new()
    {
        Id = id,
        Bundle = bundle.Value.Length > 0 ? bundle.Value : ".",
        ConsoleSocket = consoleSocket.Value,
        PidFile = pidFile.Value,
        NoPivot = noPivot.Value,
        NoNewKeyring = noNewKeyring.Value,
        PreserveFds = (int)preserveFds.Value,
        // Who takes the terminal from a socket may set its size only when the program runs already, as buildah does.
        TerminalSize = Foreground.UserSize,
        NotifySocket = OciSession.NotifySocket,
    };
}
