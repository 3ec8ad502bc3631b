using Tare.Cli.Commands;
using Tare.Cli.Flags;

namespace Tare.Cli.Oci;

/// <summary>One command of the OCI runtime's command line. One file each; names and options are runc's.</summary>
/// <param name="usage">What stands behind its name and options, such as <c>&lt;container-id&gt;</c>; empty for nothing.</param>
/// <param name="summary">What it does, in a line.</param>
/// <param name="arguments">How many arguments it takes.</param>
internal abstract class OciVerb(string usage, string summary, ArgumentCount arguments)
{
    /// <summary>Options end where the arguments begin: those may be a command line of their own.</summary>
    public FlagSet Flags { get; } = new() { Interspersed = false };

    public string Usage => usage;

    public string Summary => summary;

    public ArgumentCount Arguments => arguments;

    /// <summary>The exit code of a failure.</summary>
    public virtual int FailureCode => 1;

    /// <summary>Carries it out; returns the exit code.</summary>
    public abstract int Run(OciSession session, IReadOnlyList<string> arguments);
}
