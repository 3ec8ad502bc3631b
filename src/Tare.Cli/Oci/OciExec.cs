using System.Globalization;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci exec: runs a further process in a container.</summary>
internal sealed class OciExec : OciVerb
{
    private readonly TextFlag consoleSocket;
    private readonly TextFlag cwd;
    private readonly ListFlag env;
    private readonly SwitchFlag tty;
    private readonly TextFlag user;
    private readonly ListFlag additionalGids;
    private readonly TextFlag process;
    private readonly SwitchFlag detach;
    private readonly TextFlag pidFile;
    private readonly TextFlag processLabel;
    private readonly TextFlag apparmor;
    private readonly SwitchFlag noNewPrivs;
    private readonly ListFlag capabilities;
    private readonly NumberFlag preserveFds;
    private readonly ListFlag cgroups;
    private readonly SwitchFlag ignorePaused;

    public OciExec()
        : base("<container-id> <command> [args...] || -p process.json <container-id>", "Run a further process in a container", ArgumentCount.AtLeast(1))
    {
        consoleSocket = Flags.Text("console-socket", "Unix socket that gets the master of the process's terminal");
        cwd = Flags.Text("cwd", "Working directory in the container");
        env = Flags.List("env", "Environment variable, NAME=value", 'e');
        tty = Flags.Switch("tty", "Give it a terminal", 't');
        user = Flags.Text("user", "User, UID[:GID]", 'u');
        additionalGids = Flags.List("additional-gids", "Additional group", 'g');
        process = Flags.Text("process", "File with the process as JSON", 'p');
        detach = Flags.Switch("detach", "Do not wait for its end", 'd');
        pidFile = Flags.Text("pid-file", "File to write the process number to");
        processLabel = Flags.Text("process-label", "SELinux label of the process");
        apparmor = Flags.Text("apparmor", "AppArmor profile of the process");
        noNewPrivs = Flags.Switch("no-new-privs", "Forbid it to gain privileges");
        capabilities = Flags.List("cap", "Add a capability to the bounding set of the process", 'c');
        preserveFds = Flags.Number("preserve-fds", "Pass on this many descriptors beyond standard input, output and error");
        cgroups = Flags.List("cgroup", "Control group below the container's to run in: PATH or CONTROLLER[,CONTROLLER...]:PATH");
        ignorePaused = Flags.Switch("ignore-paused", "Start it in a paused container too; it runs on when that is resumed");
        Flags.Add(new SwitchFlag("no-subreaper", '\0', "Ignored: orphans go to the caller") { Hidden = true });
    }

    public override bool OptionsFirst => true;

    public override string FailurePrefix => "exec failed: ";

    public override int FailureCode => 255;

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0]);
        var asked = Process(container.ReadSpec(), arguments);
        if (asked.Terminal && (!detach.Value || asked.ConsoleSize is not ({ Height: > 0 } or { Width: > 0 })) && Foreground.UserSize is { } size) asked = asked with { ConsoleSize = size };
        var (pid, terminal) = ContainerExec.Start(
            container,
            new ExecRequest
            {
                Process = asked,
                ConsoleSocket = consoleSocket.Value,
                KeepsTerminal = !detach.Value,
                PidFile = pidFile.Value,
                PreserveFds = (int)preserveFds.Value,
                SubCgroups = cgroups.Values,
                IgnorePaused = ignorePaused.Value,
            },
            session.Context.Warn);
        if (detach.Value)
        {
            terminal?.Dispose();
            return 0;
        }
        var foreground = new Foreground();
        foreground.Attend(pid);
        return foreground.Wait(pid, terminal);
    }

    /// <summary>The process as a file describes it, or the container's own with what the options say.</summary>
    private ProcessSpec Process(Spec spec, IReadOnlyList<string> arguments)
    {
        if (process.Value.Length > 0)
        {
            using var file = Paths.TryOpen(Paths.CurrentDirectory, Path.GetFullPath(process.Value), OpenFlags.ReadOnly, Resolve.None, out _)
                ?? throw new CommandException($"cannot read the process file {process.Value}: it does not exist, or may not be read");
            var read = SpecReader.ReadProcess(FileContent.ReadToEnd(file, SpecReader.MaxSize), process.Value);
            return consoleSocket.Value.Length > 0 || tty.Given ? read with { Terminal = read.Terminal || tty.Value } : read;
        }
        var args = arguments.Skip(1).ToList();
        if (args is ["--", ..]) args.RemoveAt(0);
        if (args.Count == 0) throw new CommandException("process args cannot be empty: write the command behind the container's id, or say --process FILE");
        var own = spec.Process ?? new ProcessSpec { Cwd = "/" };
        var result = own with
        {
            Args = args,
            Terminal = tty.Value,
            Cwd = cwd.Value.Length > 0 ? cwd.Value : own.Cwd,
            Env = [.. own.Env ?? [], .. env.Values],
            User = User(own.User),
            SelinuxLabel = processLabel.Value.Length > 0 ? processLabel.Value : own.SelinuxLabel,
            ApparmorProfile = apparmor.Value.Length > 0 ? apparmor.Value : own.ApparmorProfile,
            NoNewPrivileges = noNewPrivs.Given ? noNewPrivs.Value : own.NoNewPrivileges,
        };
        return capabilities.Values.Count > 0 ? result with { Capabilities = WithAdded(own.Capabilities ?? new LinuxCapabilities()) } : result;
    }

    private UserSpec User(UserSpec own)
    {
        var groups = new List<uint>(own.AdditionalGids ?? []);
        foreach (var text in additionalGids.Values) groups.Add(Number(text, "group"));
        if (user.Value.Length == 0) return own with { AdditionalGids = groups };
        var parts = user.Value.Split(':', 2);
        return own with { Uid = Number(parts[0], "user"), Gid = parts.Length > 1 ? Number(parts[1], "group") : own.Gid, AdditionalGids = groups };
    }

    private LinuxCapabilities WithAdded(LinuxCapabilities own) => own with
    {
        Bounding = Add(own.Bounding),
        Effective = Add(own.Effective),
        Permitted = Add(own.Permitted),
    };

    private List<string> Add(IReadOnlyList<string>? set)
    {
        var result = new List<string>(set ?? []);
        foreach (var name in capabilities.Values)
        {
            if (!result.Contains(name)) result.Add(name);
        }
        return result;
    }

    private static uint Number(string text, string what) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        ? id
        : throw new CommandException($"cannot understand the {what} {text}: use a number");
}
