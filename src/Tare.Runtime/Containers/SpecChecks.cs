using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>What is checked of a specification before anything is made.</summary>
internal static class SpecChecks
{
    /// <returns>What is odd, but no failure.</returns>
    /// <exception cref="TareException">It asks for something impossible.</exception>
    public static IReadOnlyList<string> Check(Spec spec, RuntimeContext context)
    {
        _ = context;
        if (UserIds.Effective != 0 && NamespacePlan.Of(spec.Linux) is { } plan && !plan.Own.HasFlag(NamespaceKinds.User))
            throw TareException.Invalid("rootless container requires user namespaces: add one to linux.namespaces, or run as root");
        return [];
    }
}
