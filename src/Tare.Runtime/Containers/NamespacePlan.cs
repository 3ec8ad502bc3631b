using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>Which namespaces of a specification are made, and which are joined.</summary>
internal sealed record NamespacePlan
{
    private static readonly (string Type, NamespaceKinds Kind)[] Types =
    [
        (LinuxNamespaceTypes.Pid, NamespaceKinds.Pid), (LinuxNamespaceTypes.Network, NamespaceKinds.Network), (LinuxNamespaceTypes.Mount, NamespaceKinds.Mount),
        (LinuxNamespaceTypes.Ipc, NamespaceKinds.Ipc), (LinuxNamespaceTypes.Uts, NamespaceKinds.Uts), (LinuxNamespaceTypes.User, NamespaceKinds.User),
        (LinuxNamespaceTypes.Cgroup, NamespaceKinds.Cgroup), (LinuxNamespaceTypes.Time, NamespaceKinds.Time),
    ];

    public NamespaceKinds New { get; private set; }

    public NamespaceKinds Joined { get; private set; }

    /// <summary>All that are not the runtime's own: what a further process has to join.</summary>
    public NamespaceKinds Own => New | Joined;

    private List<(string Path, NamespaceKinds Kind)> Paths { get; } = [];

    public static NamespacePlan Of(LinuxSpec? linux)
    {
        var plan = new NamespacePlan();
        foreach (var wanted in linux?.Namespaces ?? [])
        {
            var kind = KindOf(wanted.Type);
            if (string.IsNullOrEmpty(wanted.Path))
            {
                plan.New |= kind;
                continue;
            }
            plan.Joined |= kind;
            plan.Paths.Add((wanted.Path, kind));
        }
        return plan;
    }

    /// <summary>Opens what is joined, in the order in which it has to be.</summary>
    /// <param name="descriptors">Gets the descriptors.</param>
    /// <param name="unprivileged">Whether the rights over the others come only with the user namespace, which is then the first.</param>
    /// <exception cref="TareException">A path is no namespace of its type.</exception>
    public List<(int Descriptor, NamespaceKinds Kind)> Open(DescriptorList descriptors, bool unprivileged)
    {
        var first = new List<(int, NamespaceKinds)>();
        var rest = new List<(int, NamespaceKinds)>();
        var last = new List<(int, NamespaceKinds)>();
        foreach (var (path, kind) in Paths)
        {
            var fd = Linux.Paths.TryOpen(Linux.Paths.CurrentDirectory, path, OpenFlags.ReadOnly, Resolve.None, out var error)
                ?? throw TareException.Invalid($"cannot open the {NameOf(kind)} namespace {path}: {Errno.Describe(error)}");
            if (Namespaces.KindOf(fd) is var actual && actual != kind)
            {
                fd.Dispose();
                throw TareException.Invalid($"the path {path} in linux.namespaces is no {NameOf(kind)} namespace, but {(actual == NamespaceKinds.None ? "no namespace at all" : $"a {NameOf(actual)} namespace")}: name one of that type");
            }
            var order = kind == NamespaceKinds.User ? unprivileged ? first : last : rest;
            order.Add((descriptors.Add(fd), kind));
        }
        return [.. first, .. rest, .. last];
    }

    private static string NameOf(NamespaceKinds kind)
    {
        foreach (var (name, known) in Types)
        {
            if (known == kind) return name;
        }
        return kind.ToString();
    }

    private static NamespaceKinds KindOf(string type)
    {
        foreach (var (name, kind) in Types)
        {
            if (name == type) return kind;
        }
        throw TareException.Invalid($"unknown namespace type {type} in linux.namespaces");
    }
}
