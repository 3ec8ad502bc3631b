using Tare.Linux;

namespace Tare.Runtime;

/// <summary>The options of a mount, sorted: flags of mount(2), attributes of mount_setattr(2), propagation, and what the filesystem itself reads.</summary>
public sealed record MountFlags
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
    private const ulong MS_I_VERSION = 1 << 23;
    private const ulong MS_STRICTATIME = 1 << 24;
    private const ulong MS_LAZYTIME = 1 << 25;
    private const ulong MS_SILENT = 1 << 15;

    /// <summary>Flags of mount(2).</summary>
    public ulong Flags { get; private set; }

    /// <summary>The same as attributes, for binds.</summary>
    public MountAttributes Attributes { get; private set; }

    /// <summary>Attributes to clear on a bind (<c>rw</c>, <c>suid</c> …).</summary>
    public MountAttributes Cleared { get; private set; }

    /// <summary>Attributes that what is mounted below gets too (<c>rro</c>, <c>rnosuid</c> …).</summary>
    public MountAttributes RecursiveAttributes { get; private set; }

    /// <summary>Attributes that are cleared below too (<c>rrw</c>, <c>rsuid</c> …).</summary>
    public MountAttributes RecursiveCleared { get; private set; }

    /// <summary>Propagation, or unchanged.</summary>
    public Propagation Propagation { get; private set; }

    /// <summary>Whether it was asked for with an <c>r</c>.</summary>
    public bool PropagationRecursive { get; private set; }

    /// <summary>Whether it is a bind.</summary>
    public bool Bind { get; private set; }

    /// <summary><c>rbind</c>.</summary>
    public bool Recursive { get; private set; }

    /// <summary><c>idmap</c> or <c>ridmap</c>.</summary>
    public bool IdMap { get; private set; }

    /// <summary><c>ridmap</c>.</summary>
    public bool IdMapRecursive { get; private set; }

    /// <summary><c>tmpcopyup</c>: a tmpfs starts with a copy of what it covers.</summary>
    public bool CopyUp { get; private set; }

    /// <summary>The remaining options, joined by commas.</summary>
    public string Data { get; private set; } = "";

    /// <summary>Whether the mount is read-only.</summary>
    public bool IsReadOnly => (Flags & MS_RDONLY) != 0;

    /// <summary>The flags of a mount that is made writable first.</summary>
    public ulong WritableFlags => Flags & ~MS_RDONLY;

    /// <summary>Every option that <see cref="Parse"/> knows itself, for <c>features</c>.</summary>
    public static IReadOnlyList<string> Known { get; } =
    [
        "acl", "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "idmap", "iversion", "lazytime", "loud", "mand", "noacl", "noatime", "nodev",
        "nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow", "private", "ratime",
        "rbind", "rdev", "rdiratime", "relatime", "rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
        "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime", "rsuid",
        "rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable",
    ];

    /// <summary>Sorts options in mount(8)'s words, as the runtime specification lists them (config.md, "Linux mount options").</summary>
    public static MountFlags Parse(IReadOnlyList<string> options)
    {
        var result = new MountFlags();
        foreach (var option in options) result.Take(option);
        return result;
    }

    private void Take(string option)
    {
        if (Lookup(option) is { } known)
        {
            Flags = known.Set ? Flags | known.Flag : Flags & ~known.Flag;
            (Attributes, Cleared) = Change(Attributes, Cleared, known.Attribute, known.Mask, known.Set);
            return;
        }
        if (option.Length > 1 && option[0] == 'r' && Lookup(option[1..]) is { Mask: not 0 } below)
        {
            (RecursiveAttributes, RecursiveCleared) = Change(RecursiveAttributes, RecursiveCleared, below.Attribute, below.Mask, below.Set);
            return;
        }
        switch (option)
        {
            case "bind": Bind = true; break;
            case "rbind": Bind = Recursive = true; break;
            case "idmap": IdMap = true; break;
            case "ridmap": IdMap = IdMapRecursive = true; break;
            case "tmpcopyup": CopyUp = true; break;
            case "private" or "rprivate": Spread(Propagation.Private, option); break;
            case "slave" or "rslave": Spread(Propagation.Slave, option); break;
            case "shared" or "rshared": Spread(Propagation.Shared, option); break;
            case "unbindable" or "runbindable": Spread(Propagation.Unbindable, option); break;
            case "defaults" or "" or "acl" or "noacl": break;
            default: Data = Data.Length == 0 ? option : $"{Data},{option}"; break;
        }
    }

    private void Spread(Propagation propagation, string option)
    {
        Propagation = propagation;
        PropagationRecursive = option[0] == 'r';
    }

    /// <summary>How access times are kept is one choice of several: the kernel wants the whole field cleared whichever is set.</summary>
    private static (MountAttributes Set, MountAttributes Cleared) Change(MountAttributes set, MountAttributes cleared, MountAttributes attribute, MountAttributes mask, bool on)
    {
        if (mask == 0) return (set, cleared);
        var isTime = mask == MountAttributes.AccessTimeMask;
        set &= ~mask;
        if (on) set |= attribute;
        return (set, isTime || !on ? cleared | mask : cleared & ~mask);
    }

    private static (ulong Flag, MountAttributes Attribute, MountAttributes Mask, bool Set)? Lookup(string option) => option switch
    {
        "ro" => (MS_RDONLY, MountAttributes.ReadOnly, MountAttributes.ReadOnly, true),
        "rw" => (MS_RDONLY, MountAttributes.ReadOnly, MountAttributes.ReadOnly, false),
        "nosuid" => (MS_NOSUID, MountAttributes.NoSuid, MountAttributes.NoSuid, true),
        "suid" => (MS_NOSUID, MountAttributes.NoSuid, MountAttributes.NoSuid, false),
        "nodev" => (MS_NODEV, MountAttributes.NoDev, MountAttributes.NoDev, true),
        "dev" => (MS_NODEV, MountAttributes.NoDev, MountAttributes.NoDev, false),
        "noexec" => (MS_NOEXEC, MountAttributes.NoExec, MountAttributes.NoExec, true),
        "exec" => (MS_NOEXEC, MountAttributes.NoExec, MountAttributes.NoExec, false),
        "sync" => (MS_SYNCHRONOUS, 0, 0, true),
        "async" => (MS_SYNCHRONOUS, 0, 0, false),
        "mand" => (MS_MANDLOCK, 0, 0, true),
        "nomand" => (MS_MANDLOCK, 0, 0, false),
        "dirsync" => (MS_DIRSYNC, 0, 0, true),
        "iversion" => (MS_I_VERSION, 0, 0, true),
        "noiversion" => (MS_I_VERSION, 0, 0, false),
        "silent" => (MS_SILENT, 0, 0, true),
        "loud" => (MS_SILENT, 0, 0, false),
        "nosymfollow" => (MS_NOSYMFOLLOW, MountAttributes.NoSymlinkFollow, MountAttributes.NoSymlinkFollow, true),
        "symfollow" => (MS_NOSYMFOLLOW, MountAttributes.NoSymlinkFollow, MountAttributes.NoSymlinkFollow, false),
        "nodiratime" => (MS_NODIRATIME, MountAttributes.NoDirectoryAccessTime, MountAttributes.NoDirectoryAccessTime, true),
        "diratime" => (MS_NODIRATIME, MountAttributes.NoDirectoryAccessTime, MountAttributes.NoDirectoryAccessTime, false),
        "noatime" => (MS_NOATIME, MountAttributes.NoAccessTime, MountAttributes.AccessTimeMask, true),
        "atime" => (MS_NOATIME, 0, MountAttributes.AccessTimeMask, false),
        "relatime" => (MS_RELATIME, 0, MountAttributes.AccessTimeMask, true),
        "norelatime" => (MS_RELATIME, 0, MountAttributes.AccessTimeMask, false),
        "strictatime" => (MS_STRICTATIME, MountAttributes.StrictAccessTime, MountAttributes.AccessTimeMask, true),
        "nostrictatime" => (MS_STRICTATIME, 0, MountAttributes.AccessTimeMask, false),
        "lazytime" => (MS_LAZYTIME, 0, 0, true),
        "nolazytime" => (MS_LAZYTIME, 0, 0, false),
        _ => null,
    };
}
