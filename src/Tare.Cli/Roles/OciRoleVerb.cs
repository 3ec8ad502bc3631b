using Tare.Cli.Commands;

namespace Tare.Cli.Roles;

/// <summary>tare oci behind an option of the client's: the runtime has options of its own, and none of the client's mean anything to it.</summary>
internal sealed class OciRoleVerb() : Verb("[OPTIONS] COMMAND", "Run containers by the OCI runtime's command line, which is runc's", ArgumentCount.AtLeast(0))
{
    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments) =>
        throw new CommandException("tare oci: write no option before the word oci; those of the runtime stand behind it");
}
