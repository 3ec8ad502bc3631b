namespace Tare.Oci.Runtime.Validation;

/// <summary>The namespaces that a container makes or joins; all others are the runtime's own.</summary>
internal sealed class NamespaceSet(IReadOnlyList<LinuxNamespace>? namespaces)
{
    /// <summary>In the order of the document.</summary>
    public IReadOnlyList<LinuxNamespace> All { get; } = namespaces ?? [];

    /// <summary>Whether there is one of this type that is not the runtime's.</summary>
    public bool Has(string type) => Find(type) is not null;

    /// <summary>Whether one of this type is made.</summary>
    public bool Makes(string type) => Find(type) is { } ns && string.IsNullOrEmpty(ns.Path);

    /// <summary>Whether one of this type is joined.</summary>
    public bool Joins(string type) => Find(type) is { } ns && !string.IsNullOrEmpty(ns.Path);

    private LinuxNamespace? Find(string type)
    {
        foreach (var ns in All)
        {
            if (ns.Type == type) return ns;
        }

        return null;
    }
}
