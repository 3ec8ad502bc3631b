using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Manifests;

namespace Tare.Cli.Verbs;

/// <summary>tare manifest annotate: says for which platform a manifest of a list is.</summary>
internal sealed class ManifestAnnotateVerb : Verb
{
    /// <summary>The combinations that Docker knows.</summary>
    private static readonly string[] Known =
    [
        "darwin/386", "darwin/amd64", "darwin/arm", "darwin/arm64", "dragonfly/amd64", "freebsd/386", "freebsd/amd64", "freebsd/arm", "linux/386", "linux/amd64",
        "linux/arm", "linux/arm64", "linux/ppc64le", "linux/mips64", "linux/mips64le", "linux/riscv64", "linux/s390x", "netbsd/386", "netbsd/amd64", "netbsd/arm",
        "openbsd/386", "openbsd/amd64", "openbsd/arm", "plan9/386", "plan9/amd64", "solaris/amd64", "windows/386", "windows/amd64",
    ];

    private readonly TextFlag _architecture;
    private readonly TextFlag _os;
    private readonly ListFlag _osFeatures;
    private readonly TextFlag _osVersion;
    private readonly TextFlag _variant;

    public ManifestAnnotateVerb()
        : base("[OPTIONS] MANIFEST_LIST MANIFEST", "Say for which platform a manifest of a list is", ArgumentCount.Exactly(2))
    {
        _architecture = Flags.Text("arch", "Architecture");
        _os = Flags.Text("os", "Operating system");
        _osFeatures = Flags.Add(new ListFlag("os-features", '\0', "Features of the operating system that it needs", kind: "strings"));
        _osVersion = Flags.Text("os-version", "Version of the operating system");
        _variant = Flags.Text("variant", "Variant of the architecture");
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var list = ManifestLists.Name(arguments[0], "annotate: error parsing name for manifest list");
        var image = ManifestLists.Name(arguments[1], "annotate: error parsing name for manifest");
        var lists = new ManifestLists(session.Options.ConfigDirectory);
        var manifest = lists.Find(list, image) ?? throw new CommandException($"manifest for image {arguments[1]} does not exist in {arguments[0]}");
        var before = manifest.Platform;
        var platform = before with
        {
            Os = Given(_os, before.Os)!,
            Architecture = Given(_architecture, before.Architecture)!,
            OsVersion = Given(_osVersion, before.OsVersion),
            Variant = Given(_variant, before.Variant),
            OsFeatures = [.. (before.OsFeatures ?? []).Union(_osFeatures.Values)],
        };
        if (!Known.Contains($"{platform.Os}/{platform.Architecture}"))
            throw new CommandException($"manifest entry for image has unsupported os/arch combination: {platform.Os}/{platform.Architecture}");
        lists.Save(list, image, manifest with { Platform = platform });
        return ValueTask.FromResult(0);
    }

    private static string? Given(TextFlag flag, string? otherwise) => flag.Value.Length > 0 ? flag.Value : otherwise;
}
