using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Registry;
using FilePath = System.IO.Path;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>tare registry gc: collects garbage now.</summary>
internal sealed class RegistryGcVerb : Verb
{
    private readonly TextFlag root;
    private readonly SpanFlag grace;
    private readonly SwitchFlag untagged;

    public RegistryGcVerb()
        : base("[OPTIONS]", "Collect garbage now: a server that runs does it, by its own options, or else this command", ArgumentCount.None)
    {
        grace = Flags.Add(new SpanFlag("gc-grace", "How long something stays that nothing refers to, where no server runs", TimeSpan.FromHours(1)));
        untagged = Flags.Switch("gc-untagged", "Collect manifests too that no tag, no index and no subject leads to, where no server runs");
        root = RegistryFlags.Root(Flags);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var log = new RegistryLog(session, RegistryLogLevel.Info);
        var options = new ServerOptions { Root = FilePath.GetFullPath(root.Value), CollectionGrace = grace.Value, CollectUntagged = untagged.Value, Log = log.Write };
        foreach (var line in await RegistryCommands.CollectAsync(options, CancellationToken.None)) session.Out.WriteLine(line);
        return 0;
    }
}
