using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Io;

namespace Tare.Cli.Verbs;

/// <summary>tare export: writes a container's root filesystem to a tar.</summary>
internal sealed class ExportVerb : Verb
{
    private readonly TextFlag _output;

    public ExportVerb()
        : base("[OPTIONS] CONTAINER", "Write the file system of a container to a tar", ArgumentCount.Exactly(1))
    {
        Aliases = "container export, export";
        _output = Flags.Text("output", "Write to this file instead of stdout", 'o');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        using var output = ArchiveOutput.Open(session, _output.Value, "failed to export container");
        await using var archive = await session.Client.Filesystems.ExportAsync(arguments[0]);
        await output.CopyAsync(archive);
        return 0;
    }
}
