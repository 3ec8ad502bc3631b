using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci spec: writes the configuration of a new bundle.</summary>
internal sealed class OciSpec : OciVerb
{
    private const string ConfigName = "config.json";
    private const int Mode = 0x1B6; // 0666, which the umask narrows

    private readonly TextFlag bundle;
    private readonly SwitchFlag rootless;

    public OciSpec()
        : base("", "Write a configuration to begin with: config.json", ArgumentCount.None)
    {
        bundle = Flags.Text("bundle", "Directory of the bundle; without it the working directory", 'b');
        rootless = Flags.Switch("rootless", "Make it for a container without root's rights");
    }

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        var directory = bundle.Value.Length > 0 ? bundle.Value : ".";
        var path = Path.Combine(directory, ConfigName);
        var isUnified = HostFacts.HasUnifiedCgroups();
        var spec = rootless.Value ? ExampleSpec.CreateRootless(isUnified, UserIds.Effective, UserIds.EffectiveGroup) : ExampleSpec.Create(isUnified);
        // What is there is never replaced, also not when somebody else writes it at this moment.
        using var file = Paths.TryOpen(Paths.CurrentDirectory, path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, Resolve.None, out var error, Mode);
        if (file is null)
        {
            throw new CommandException(error == Errno.EEXIST
                ? $"File {ConfigName} exists. Remove it first, or choose another --bundle: {path}"
                : $"cannot write {path}: {Errno.Describe(error)}");
        }
        Descriptors.WriteAll(file, SpecWriter.Write(spec));
        return 0;
    }
}
