using Tare.Cli.Roles;
using Tare.Cli.Roles.DistributionServer;
using Tare.Cli.Verbs;

namespace Tare.Cli.Commands;

/// <summary>All verbs by name. Only the one that is asked for is made.</summary>
internal static class VerbTable
{
    private static readonly string[] CommonNames = ["run", "exec", "ps", "pull", "push", "images", "login", "logout", "search", "version", "info"];

    private static readonly string[] GroupNames = ["container", "image", "manifest", "network", "registry", "system", "volume"];

    private static readonly string[] OtherNames =
    [
        "attach", "commit", "create", "diff", "events", "export", "history", "import", "inspect", "kill", "load", "logs", "pause", "port", "rename", "restart", "rm", "rmi", "save", "start", "stop", "tag",
        "top", "unpause", "wait",
    ];

    private static readonly string[] ContainerNames =
    [
        "attach", "commit", "create", "diff", "exec", "export", "inspect", "kill", "logs", "ls", "pause", "port", "prune", "rename", "restart", "rm", "run", "start", "stop", "top", "unpause", "wait",
    ];

    private static readonly string[] ImageNames = ["history", "import", "inspect", "load", "ls", "prune", "pull", "push", "rm", "save", "tag"];

    private static readonly string[] ManifestNames = ["annotate", "create", "inspect", "push", "rm"];

    private static readonly string[] NetworkNames = ["connect", "create", "disconnect", "inspect", "ls", "prune", "rm"];

    private static readonly string[] RegistryNames = ["gc", "retention", "serve", "user"];

    private static readonly string[] SystemNames = ["df", "events", "info"];

    private static readonly string[] VolumeNames = ["create", "inspect", "ls", "prune", "rm", "update"];

    public static IReadOnlyList<(string Name, string Summary)> Common => Describe("", CommonNames);

    public static IReadOnlyList<(string Name, string Summary)> Groups => Describe("", GroupNames);

    public static IReadOnlyList<(string Name, string Summary)> Others => Describe("", OtherNames);

    public static IReadOnlyList<(string Name, string Summary)> Roles =>
    [
        ("daemon", "Run the engine"),
        ("keeper", "Run the parent of the containers; the daemon starts it"),
        ("oci", "Run containers by the OCI runtime's command line, which is runc's"),
    ];

    public static IReadOnlyList<(string Name, string Summary)> Members(string group) => Describe(group, group switch
    {
        "container" => ContainerNames,
        "image" => ImageNames,
        "manifest" => ManifestNames,
        "network" => NetworkNames,
        "registry" => RegistryNames,
        "volume" => VolumeNames,
        _ => SystemNames,
    });

    /// <summary>A verb of a group, or of the program itself when the group is empty; null when there is none of that name.</summary>
    public static Verb? Create(string group, string name) => group switch
    {
        "" => TopLevel(name),
        "container" => name switch
        {
            "inspect" => InspectVerb.OfContainers(),
            "ls" or "list" or "ps" => new PsVerb("ls"),
            "prune" => new ContainerPruneVerb(),
            "rm" or "remove" => new RmVerb(),
            "attach" or "commit" or "create" or "diff" or "exec" or "export" or "kill" or "logs" or "pause" or "port" or "rename" or "restart" or "run" or "start" or "stop" or "top" or "unpause" or "wait" => TopLevel(name),
            _ => null,
        },
        "image" => name switch
        {
            "inspect" => InspectVerb.OfImages(),
            "ls" or "list" => new ImagesVerb("ls"),
            "prune" => new ImagePruneVerb(),
            "rm" or "remove" or "rmi" => new RmiVerb("rm"),
            "history" or "import" or "load" or "pull" or "push" or "save" or "tag" => TopLevel(name),
            _ => null,
        },
        "manifest" => name switch
        {
            "annotate" => new ManifestAnnotateVerb(),
            "create" => new ManifestCreateVerb(),
            "inspect" => new ManifestInspectVerb(),
            "push" => new ManifestPushVerb(),
            "rm" => new ManifestRmVerb(),
            _ => null,
        },
        "network" => name switch
        {
            "connect" => new NetworkConnectVerb(),
            "create" => new NetworkCreateVerb(),
            "disconnect" => new NetworkDisconnectVerb(),
            "inspect" => InspectVerb.OfNetworks(),
            "ls" or "list" => new NetworkListVerb(),
            "prune" => new NetworkPruneVerb(),
            "rm" or "remove" => new NetworkRemoveVerb(),
            _ => null,
        },
        "registry" => name switch
        {
            "gc" => new RegistryGcVerb(),
            "retention" => new RegistryRetentionVerb(),
            "serve" => new RegistryServeVerb(),
            "user" => new RegistryUserVerb(),
            _ => null,
        },
        "system" => name switch
        {
            "df" => new SystemDfVerb(),
            "events" or "info" => TopLevel(name),
            _ => null,
        },
        "volume" => name switch
        {
            "create" => new VolumeCreateVerb(),
            "inspect" => InspectVerb.OfVolumes(),
            "ls" or "list" => new VolumeListVerb(),
            "prune" => new VolumePruneVerb(),
            "rm" or "remove" => new VolumeRemoveVerb(),
            "update" => new VolumeUpdateVerb(),
            _ => null,
        },
        _ => null,
    };

    /// <summary>Whether Docker has such a command, and Tare has not yet.</summary>
    public static bool IsMissing(string group, string name) => group switch
    {
        "" => name is "build" or "builder" or "buildx" or "checkpoint" or "compose" or "config" or "context" or "cp"
            or "node" or "plugin" or "secret" or "service" or "stack" or "stats" or "swarm"
            or "trust" or "update",
        "container" => name is "cp" or "stats" or "update",
        "image" => name is "build",
        "system" => name is "prune" or "dial-stdio",
        _ => false,
    };

    /// <summary>Whether it is a command of the group image, there or not.</summary>
    public static bool IsImageCommand(string name) => IsMissing("image", name) || ImageNames.Contains(name) || name is "list";

    private static Verb? TopLevel(string name) => name switch
    {
        "attach" => new AttachVerb(),
        "commit" => new CommitVerb(),
        "container" => new Group(name, "Manage containers"),
        "create" => new CreateVerb(),
        "daemon" => new DaemonVerb(),
        "diff" => new DiffVerb(),
        "events" => new EventsVerb(),
        "exec" => new ExecVerb(),
        "export" => new ExportVerb(),
        "history" => new HistoryVerb(),
        "image" => new Group(name, "Manage images"),
        "images" => new ImagesVerb("images"),
        "import" => new ImportVerb(),
        "info" => new InfoVerb(),
        "inspect" => InspectVerb.OfAnything(),
        "keeper" => new KeeperVerb(),
        "kill" => new KillVerb(),
        "load" => new LoadVerb(),
        "login" => new LoginVerb(),
        "logout" => new LogoutVerb(),
        "logs" => new LogsVerb(),
        "manifest" => new Group(name, "Manage manifests of images in registries"),
        "network" => new Group(name, "Manage networks"),
        "oci" => new OciRoleVerb(),
        "pause" => new PauseVerb(),
        "port" => new PortVerb(),
        "ps" => new PsVerb("ps"),
        "pull" => new PullVerb(),
        "push" => new PushVerb(),
        "registry" => new Group(name, "Run and manage a registry of images"),
        "rename" => new RenameVerb(),
        "restart" => new RestartVerb(),
        "rm" => new RmVerb(),
        "rmi" => new RmiVerb("rmi"),
        "run" => new RunVerb(),
        "save" => new SaveVerb(),
        "search" => new SearchVerb(),
        "start" => new StartVerb(),
        "stop" => new StopVerb(),
        "system" => new Group(name, "Manage the engine"),
        "tag" => new TagVerb(),
        "top" => new TopVerb(),
        "unpause" => new UnpauseVerb(),
        "version" => new VersionVerb(),
        "volume" => new Group(name, "Manage volumes"),
        "wait" => new WaitVerb(),
        _ => null,
    };

    private static List<(string Name, string Summary)> Describe(string group, string[] names)
    {
        var result = new List<(string, string)>(names.Length);
        foreach (var name in names) result.Add((name, Create(group, name)!.Summary));
        return result;
    }
}
