using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Registry;
using FilePath = System.IO.Path;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>tare registry retention: removes the tags now that the configuration lets go.</summary>
internal sealed class RegistryRetentionVerb : Verb
{
    private readonly TextFlag root;
    private readonly TextFlag config;
    private readonly SwitchFlag dryRun;

    public RegistryRetentionVerb()
        : base("[OPTIONS]", "Remove the tags now that the configuration's retention rules let go, and list them", ArgumentCount.None)
    {
        config = Flags.Text("config", "Configuration file, where no server runs; a server has its own");
        dryRun = Flags.Switch("dry-run", "Only list them");
        root = RegistryFlags.Root(Flags);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var log = new RegistryLog(session, RegistryLogLevel.Info);
        var options = new ServerOptions { Root = FilePath.GetFullPath(root.Value), ConfigFile = RegistryFlags.FileOrNone(config), Log = log.Write };
        foreach (var line in await RegistryCommands.RetainAsync(options, dryRun.Value, CancellationToken.None)) session.Out.WriteLine(line);
        return 0;
    }
}
