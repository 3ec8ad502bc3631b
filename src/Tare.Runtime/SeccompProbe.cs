using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Seccomp;

namespace Tare.Runtime;

/// <summary>What the running kernel can do of what profiles may say.</summary>
public static class SeccompProbe
{
    /// <summary>The actions of profiles that the kernel knows.</summary>
    public static IReadOnlyList<string> SupportedActions =>
        [.. SeccompNames.Actions.Where(action => SeccompSupport.HasAction(action.Value)).Select(action => action.Key)];

    /// <summary>The part of the features document (features-linux.md, "Seccomp") that the kernel has a say in, and the words that profiles may have.</summary>
    public static SeccompFeatures Features() => new()
    {
        Enabled = SeccompSupport.HasAction(SeccompActions.Allow),
        Actions = [.. SeccompNames.Actions.Keys],
        Operators = [.. SeccompNames.Operators.Keys],
        Archs = SeccompNames.Architectures,
        KnownFlags = [.. SeccompNames.Flags.Keys],
        SupportedFlags = [.. SeccompNames.Flags.Where(flag => Supports(flag.Value)).Select(flag => flag.Key)],
    };

    /// <summary>Whether the kernel knows a flag.</summary>
    internal static bool Supports(SeccompFlags flag) =>
        // This one is taken only beside a listener.
        SeccompSupport.HasFlags(flag == SeccompFlags.WaitKillableReceive ? flag | SeccompFlags.NewListener : flag);
}
