using Tare.Cli.Flags;

namespace Tare.Cli.Oci;

/// <summary>The options before the verb, which are runc's.</summary>
internal sealed class OciOptions
{
    public OciOptions()
    {
        Debug = Flags.Switch("debug", "Write debugging messages");
        Log = Flags.Text("log", "File to write messages to; standard error without one");
        LogFormat = Flags.Text("log-format", "Form of the messages: \"text\" or \"json\"", initial: "text");
        Root = Flags.Text("root", "Directory of the containers' state; it should be on a tmpfs", initial: "/run/tare-oci");
        Flags.Add(new TextFlag("criu", '\0', "Ignored: checkpoints are not supported") { Hidden = true });
        SystemdCgroup = Flags.Switch("systemd-cgroup", "Have systemd make the control groups; cgroupsPath is then \"slice:prefix:name\"");
        Rootless = Flags.Text("rootless", "Whether to go without what only root may do with control groups: \"true\", \"false\" or \"auto\"", initial: "auto");
        Version = Flags.Switch("version", "Print the version and quit", 'v');
        Help = Flags.Switch("help", "Print this help and quit", 'h');
    }

    public FlagSet Flags { get; } = new() { Interspersed = false, LongByOneDash = true };

    public SwitchFlag Debug { get; }

    public TextFlag Log { get; }

    public TextFlag LogFormat { get; }

    public TextFlag Root { get; }

    public SwitchFlag SystemdCgroup { get; }

    public TextFlag Rootless { get; }

    public SwitchFlag Version { get; }

    public SwitchFlag Help { get; }
}
