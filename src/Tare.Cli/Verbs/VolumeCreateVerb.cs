using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Flags;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare volume create: makes a volume.</summary>
internal sealed class VolumeCreateVerb : Verb
{
    /// <summary>What Docker's engine says outside of a swarm.</summary>
    private const string NoSwarm =
        "Error response from daemon: This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

    private readonly TextFlag _driver;
    private readonly TextFlag _name;
    private readonly ListFlag _label;
    private readonly MapFlag _option;
    private readonly Flag[] _ofClusters;

    public VolumeCreateVerb()
        : base("[OPTIONS] [VOLUME]", "Create a volume", ArgumentCount.AtMost(1))
    {
        _driver = Flags.Text("driver", "Driver of the volume; local is the only one", 'd', "local");
        _name = Flags.Add(new TextFlag("name", '\0', "Name of the volume") { Hidden = true });
        _label = Flags.List("label", "A label, NAME=VALUE");
        _option = Flags.Add(new MapFlag("opt", "An option of the driver, NAME=VALUE: type, device, o", shorthand: 'o'));
        // Docker has these for the volumes of a swarm.
        _ofClusters =
        [
            Cluster("availability", "string"), Cluster("group", "string"), Cluster("limit-bytes", "bytes"), Cluster("required-bytes", "bytes"), Cluster("scope", "string"),
            Cluster("secret", "map"), Cluster("sharing", "string"), Cluster("topology-preferred", "list"), Cluster("topology-required", "list"), Cluster("type", "string"),
        ];
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var name = _name.Value;
        if (arguments.Count == 1)
        {
            if (name.Length > 0) throw new CommandException("conflicting options: cannot specify a volume-name through both --name and as a positional arg");
            name = arguments[0];
        }

        if (_ofClusters.Any(flag => flag.Given)) throw new CommandException(NoSwarm);
        var labels = KeyValues.ToMap(_label.Values);
        var volume = await session.Client.Volumes.CreateAsync(new VolumeCreateRequest
        {
            Driver = _driver.Value,
            DriverOpts = _option.Values.Count > 0 ? _option.Values : null,
            Labels = labels.Count > 0 ? labels : null,
            Name = name,
        });
        session.Out.WriteLine(volume.Name);
        return 0;
    }

    private ParsedFlag Cluster(string name, string kind) => Flags.Add(new ParsedFlag(name, '\0', "Of volumes of a swarm, which is not there", kind, static _ => null) { Hidden = true });
}
