using Tare.Errors;

namespace Tare.Oci.Runtime.Validation;

/// <summary>
/// Kernel parameters (config-linux.md, "Sysctl"). Only those are allowed that belong to a namespace of the container's own:
/// all others are the host's.
/// </summary>
internal static class SysctlChecks
{
    public static void Check(IReadOnlyDictionary<string, string>? sysctl, NamespaceSet namespaces, SpecContext context)
    {
        if (sysctl is null) return;
        foreach (var (key, value) in sysctl)
        {
            if (Texts.IsCut(key) || Texts.IsCut(value)) throw Texts.Cut($"linux.sysctl[\"{key}\"]");
            Check(key, Dotted(key), namespaces, context);
        }
    }

    private static void Check(string key, string name, NamespaceSet namespaces, SpecContext context)
    {
        if (IsIpc(name))
        {
            if (!namespaces.Has(LinuxNamespaceTypes.Ipc)) throw Foreign(key, "ipc");
        }
        else if (name.StartsWith("net.", StringComparison.Ordinal))
        {
            if (!namespaces.Has(LinuxNamespaceTypes.Network)) throw Foreign(key, "network");
            if (namespaces.Joins(LinuxNamespaceTypes.Network) && context.JoinsOwnNetwork)
                throw Sentence.Invalid($"linux.sysctl has {key}, but the network namespace that is joined is the host's: remove the parameter, or join another one");
        }
        else if (name is "kernel.domainname")
        {
            if (!namespaces.Has(LinuxNamespaceTypes.Uts)) throw Foreign(key, "uts");
        }
        else if (name is "kernel.hostname")
        {
            throw Sentence.Invalid($"linux.sysctl has {key}, but the host name has a member of its own: set hostname");
        }
        else if (name.StartsWith("user.", StringComparison.Ordinal))
        {
            if (!namespaces.Has(LinuxNamespaceTypes.User)) throw Foreign(key, "user");
        }
        else
        {
            throw Sentence.Invalid($"linux.sysctl has {key}, which belongs to no namespace, so that it would be set for the whole host: set it there, or remove it");
        }
    }

    private static bool IsIpc(string name) => name is "kernel.msgmax" or "kernel.msgmnb" or "kernel.msgmni" or "kernel.sem" or "kernel.shmall" or "kernel.shmmax"
        or "kernel.shmmni" or "kernel.shm_rmid_forced" || name.StartsWith("fs.mqueue.", StringComparison.Ordinal);

    private static TareException Foreign(string key, string type) =>
        Sentence.Invalid($"linux.sysctl has {key}, but the container has no namespace of type \"{type}\", so that it would be the host's: add one to linux.namespaces, or remove the parameter");

    // sysctl(8): when a slash comes first, slashes separate, and a dot is one in a name.
    private static string Dotted(string key)
    {
        var first = key.AsSpan().IndexOfAny('.', '/');
        if (first < 0 || key[first] == '.') return key;
        return string.Create(key.Length, key, static (dotted, key) =>
        {
            for (var i = 0; i < key.Length; i++) dotted[i] = key[i] switch { '.' => '/', '/' => '.', var other => other };
        });
    }
}
