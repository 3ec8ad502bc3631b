using Tare.Cli.Commands;
using Tare.Cli.Flags;

namespace Tare.Cli.Oci;

/// <summary>One command of the OCI runtime's command line. One file each; names and options are runc's.</summary>
internal abstract class OciVerb
{
    /// <param name="usage">What stands behind its name and options, such as <c>&lt;container-id&gt;</c>; empty for nothing.</param>
    /// <param name="summary">What it does, in a line.</param>
    /// <param name="arguments">How many arguments it takes.</param>
    protected OciVerb(string usage, string summary, ArgumentCount arguments)
    {
        (Usage, Summary, Arguments) = (usage, summary, arguments);
        Help = Flags.Switch("help", "Print this help and quit", 'h');
    }

    /// <summary>Its options.</summary>
    public FlagSet Flags { get; } = new() { LongByOneDash = true };

    public SwitchFlag Help { get; }

    public string Usage { get; }

    public string Summary { get; }

    public ArgumentCount Arguments { get; }

    /// <summary>Whether options end where the arguments begin, because those are a command line of their own.</summary>
    public virtual bool OptionsFirst => false;

    /// <summary>What stands before the cause in the message of a failure; empty for nothing.</summary>
    public virtual string FailurePrefix => "";

    /// <summary>The exit code of a failure.</summary>
    public virtual int FailureCode => 1;

    /// <summary>Carries it out; returns the exit code.</summary>
    public abstract int Run(OciSession session, IReadOnlyList<string> arguments);
}
