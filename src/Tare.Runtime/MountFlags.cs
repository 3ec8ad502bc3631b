using Tare.Linux;

namespace Tare.Runtime;

/// <summary>The options of a mount, sorted: flags of mount(2), attributes to clear, propagation, and what the filesystem itself reads.</summary>
/// <param name="Flags">Flags of mount(2).</param>
/// <param name="Attributes">The same as attributes of mount_setattr(2), for binds.</param>
/// <param name="Cleared">Attributes to clear on a bind (<c>rw</c>, <c>suid</c> …).</param>
/// <param name="Propagation">Propagation, or unchanged.</param>
/// <param name="PropagationRecursive">Whether it was asked for with an <c>r</c>.</param>
/// <param name="Bind">Whether it is a bind.</param>
/// <param name="Recursive"><c>rbind</c>.</param>
/// <param name="RecursiveReadOnly"><c>rro</c>: also what is mounted below becomes read-only.</param>
/// <param name="Data">The remaining options, joined by commas.</param>
public sealed record MountFlags(
    ulong Flags,
    MountAttributes Attributes,
    MountAttributes Cleared,
    Propagation Propagation,
    bool PropagationRecursive,
    bool Bind,
    bool Recursive,
    bool RecursiveReadOnly,
    string Data)
{
    private const ulong MS_RDONLY = 1;
    private const ulong MS_NOSUID = 2;
    private const ulong MS_NODEV = 4;
    private const ulong MS_NOEXEC = 8;
    private const ulong MS_SYNCHRONOUS = 16;
    private const ulong MS_MANDLOCK = 64;
    private const ulong MS_DIRSYNC = 128;
    private const ulong MS_NOSYMFOLLOW = 256;
    private const ulong MS_NOATIME = 1024;
    private const ulong MS_NODIRATIME = 2048;
    private const ulong MS_RELATIME = 1 << 21;
    private const ulong MS_STRICTATIME = 1 << 24;
    private const ulong MS_LAZYTIME = 1 << 25;

    /// <summary>Sorts options in mount(8)'s words, as the runtime specification lists them (config-linux, "mount options").</summary>
    public static MountFlags Parse(IEnumerable<string> options)
    {
        ulong flags = 0;
        MountAttributes set = 0, cleared = 0;
        var propagation = Propagation.Unchanged;
        bool spread = false, bind = false, recursive = false, recursiveReadOnly = false;
        var data = new List<string>();
        foreach (var option in options)
        {
            if (Lookup(option) is { } known)
            {
                flags = known.Set ? flags | known.Flag : flags & ~known.Flag;
                if (known.Attribute != 0)
                {
                    set = known.Set ? set | known.Attribute : set & ~known.Attribute;
                    cleared = known.Set ? cleared & ~known.Attribute : cleared | known.Attribute;
                }
                continue;
            }
            switch (option)
            {
                case "bind": bind = true; break;
                case "rbind": bind = recursive = true; break;
                case "rro": set |= MountAttributes.ReadOnly; recursiveReadOnly = true; flags |= MS_RDONLY; break;
                case "private" or "rprivate": propagation = Propagation.Private; spread = option[0] == 'r'; break;
                case "slave" or "rslave": propagation = Propagation.Slave; spread = option[0] == 'r'; break;
                case "shared" or "rshared": propagation = Propagation.Shared; spread = option[0] == 'r'; break;
                case "unbindable" or "runbindable": propagation = Propagation.Unbindable; spread = option[0] == 'r'; break;
                case "defaults" or "": break;
                default: data.Add(option); break;
            }
        }
        return new MountFlags(flags, set, cleared, propagation, spread, bind, recursive, recursiveReadOnly, string.Join(',', data));
    }

    private static (ulong Flag, MountAttributes Attribute, bool Set)? Lookup(string option) => option switch
    {
        "ro" => (MS_RDONLY, MountAttributes.ReadOnly, true),
        "rw" => (MS_RDONLY, MountAttributes.ReadOnly, false),
        "nosuid" => (MS_NOSUID, MountAttributes.NoSuid, true),
        "suid" => (MS_NOSUID, MountAttributes.NoSuid, false),
        "nodev" => (MS_NODEV, MountAttributes.NoDev, true),
        "dev" => (MS_NODEV, MountAttributes.NoDev, false),
        "noexec" => (MS_NOEXEC, MountAttributes.NoExec, true),
        "exec" => (MS_NOEXEC, MountAttributes.NoExec, false),
        "sync" => (MS_SYNCHRONOUS, 0, true),
        "async" => (MS_SYNCHRONOUS, 0, false),
        "mand" => (MS_MANDLOCK, 0, true),
        "nomand" => (MS_MANDLOCK, 0, false),
        "dirsync" => (MS_DIRSYNC, 0, true),
        "nosymfollow" => (MS_NOSYMFOLLOW, MountAttributes.NoSymlinkFollow, true),
        "symfollow" => (MS_NOSYMFOLLOW, MountAttributes.NoSymlinkFollow, false),
        "noatime" => (MS_NOATIME, MountAttributes.NoAccessTime, true),
        "atime" => (MS_NOATIME, MountAttributes.NoAccessTime, false),
        "nodiratime" => (MS_NODIRATIME, MountAttributes.NoDirectoryAccessTime, true),
        "diratime" => (MS_NODIRATIME, MountAttributes.NoDirectoryAccessTime, false),
        "relatime" => (MS_RELATIME, 0, true),
        "norelatime" => (MS_RELATIME, 0, false),
        "strictatime" => (MS_STRICTATIME, MountAttributes.StrictAccessTime, true),
        "nostrictatime" => (MS_STRICTATIME, MountAttributes.StrictAccessTime, false),
        "lazytime" => (MS_LAZYTIME, 0, true),
        "nolazytime" => (MS_LAZYTIME, 0, false),
        _ => null,
    };
}
