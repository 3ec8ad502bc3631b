using Tare.Linux;
using Tare.Oci.Archives;

namespace Tare.Images.Trees;

/// <summary>The extended attributes of a file that are its own.</summary>
internal static class NodeXattrs
{
    /// <summary>struct vfs_ns_cap_data of revision 3 is that of revision 2 and the id of a namespace's root (linux/capability.h).</summary>
    private const int CapabilityRevision2Length = 20;

    private const int RevisionOffset = 3;
    private const byte Revision2 = 2;
    private const byte Revision3 = 3;

    /// <summary>The attributes that go into an archive of a name, or with an empty name of an open file, sorted by name.</summary>
    internal static IReadOnlyList<TarAttribute> Of(Fd directory, ReadOnlySpan<byte> name)
    {
        var attributes = All(directory, name);
        for (var i = 0; i < attributes.Length; i++)
        {
            if (attributes[i].Name.AsSpan().SequenceEqual("security.capability"u8)) attributes[i] = new TarAttribute(attributes[i].Name, Portable(attributes[i].Value));
        }

        return attributes;
    }

    /// <summary>The attributes, as they are on this machine.</summary>
    internal static TarAttribute[] All(Fd directory, ReadOnlySpan<byte> name)
    {
        var names = ExtendedAttributes.List(directory, name);
        if (names.Count == 0) return [];
        var attributes = new List<TarAttribute>();
        foreach (var attribute in names)
        {
            if (!IsLocal(attribute) && ExtendedAttributes.Get(directory, name, attribute) is { } value) attributes.Add(new TarAttribute(attribute, value));
        }

        return [.. attributes];
    }

    /// <summary>What means something on this machine alone: overlay's own notes, and the labels of this host's policy.</summary>
    private static bool IsLocal(ReadOnlySpan<byte> attribute) =>
        attribute.StartsWith("trusted.overlay."u8)
        || attribute.StartsWith("user.overlay."u8)
        || attribute.SequenceEqual("security.selinux"u8)
        || attribute.SequenceEqual("security.ima"u8)
        || attribute.SequenceEqual("security.evm"u8);

    /// <summary>Capabilities without the user namespace that they were given in, as Docker writes them.</summary>
    private static byte[] Portable(byte[] value)
    {
        if (value.Length <= CapabilityRevision2Length || value[RevisionOffset] != Revision3) return value;
        var portable = value[..CapabilityRevision2Length];
        portable[RevisionOffset] = Revision2;
        return portable;
    }
}
