using System.Buffers.Binary;
using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>The steps that turn a child into the wanted process; the same for a container's first process and for an exec.</summary>
internal sealed class ProcessSteps(LaunchProgramBuilder program)
{
    private const int CurrentDirectory = Paths.CurrentDirectory;
    private const int O_RDWR = 2;
    private const int O_NOCTTY = 0x100;
    private const int O_CLOEXEC = 0x80000;
    private const int TIOCSCTTY = 0x540E;
    private const int TIOCSWINSZ = 0x5414;
    private const uint TIOCSPTLCK = 0x40045431;
    private const uint TIOCGPTPEER = 0x5441;
    private const int F_GETPIPE_SZ = 1032;
    private const int PR_SET_KEEPCAPS = 8;
    private const int PR_CAPBSET_DROP = 24;
    private const int PR_SET_NO_NEW_PRIVS = 38;
    private const int PR_CAP_AMBIENT = 47;
    private const int PR_CAP_AMBIENT_RAISE = 2;
    private const int KEYCTL_JOIN_SESSION_KEYRING = 1;
    private const uint CapabilityVersion3 = 0x20080522;
    private const int SECCOMP_SET_MODE_FILTER = 1;
    private const int CLOSE_RANGE_CLOEXEC = 4;
    private const int OPEN_TREE_CLONE = 1;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int MOVE_MOUNT_F_EMPTY_PATH = 4;

    private static readonly string[] RlimitNames =
    [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ];

    /// <summary>A session of its own, with a keyring of its own where the kernel has keys.</summary>
    public void NewSession(string keyring)
    {
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(setsid).On(Errno.EPERM);
        program.Call(keyctl, KEYCTL_JOIN_SESSION_KEYRING, program.Text(keyring)).OnAny();
    }

    /// <summary>Opens a terminal in the container's devpts, hands its master to the keeper, and makes it stdio and the controlling terminal.</summary>
    /// <param name="size">Its first size, or null.</param>
    /// <param name="console">Whether the terminal is also mounted on <c>/dev/console</c>.</param>
    /// <param name="owner">The user who will own it.</param>
    public void OpenTerminal(ConsoleSize? size, bool console, uint owner)
    {
        program.Purpose = new Purpose(Stage.Terminal);
        var (master, slave) = (program.NewSlot(), program.NewSlot());
        program.Call(openat, CurrentDirectory, program.Text("/dev/pts/ptmx"), O_RDWR | O_NOCTTY | O_CLOEXEC).Into(master);
        program.Call(ioctl, master, TIOCSPTLCK, program.Words(0));
        program.Call(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC).Into(slave);
        if (size is { Height: > 0 } or { Width: > 0 })
            program.Call(ioctl, master, TIOCSWINSZ, program.Words32((uint)size.Height | (uint)size.Width << 16, 0));
        program.SendTerminal(master);
        program.Call(close, master);
        if (console)
        {
            var (file, tree) = (program.NewSlot(), program.NewSlot());
            program.Call(openat, CurrentDirectory, program.Text("/dev/console"), 0x40 | 1 | O_CLOEXEC, 0x1B6).Into(file);
            program.Call(close, file);
            program.Call(open_tree, slave, program.Text(""), OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC).Into(tree);
            program.Call(move_mount, tree, program.Text(""), CurrentDirectory, program.Text("/dev/console"), MOVE_MOUNT_F_EMPTY_PATH);
            program.Call(close, tree);
        }
        for (var number = 0; number <= 2; number++) program.Call(dup3, slave, number, 0);
        program.Call(close, slave);
        program.Call(ioctl, 0, TIOCSCTTY, 0);
        if (owner != 0) program.Call(fchown, 0, owner, uint.MaxValue);
    }

    /// <summary>Gives the pipes of stdio to the user, who may want to open <c>/dev/stdout</c> anew. What is no pipe belongs to the host.</summary>
    public void OwnPipes(uint owner)
    {
        if (owner == 0) return;
        program.Purpose = new Purpose(Stage.Setup);
        for (var number = 0; number <= 2; number++)
        {
            var next = new Label();
            program.Call(fcntl, number, F_GETPIPE_SZ).OnAny(next);
            program.Call(fchown, number, owner, uint.MaxValue);
            program.Mark(next);
        }
    }

    /// <summary>
    /// Closes all that the launch needed, before anything of the container's is entered or run.
    /// </summary>
    public void CloseDescriptors()
    {
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(close_range, Launcher.FirstDescriptor, uint.MaxValue, 0);
    }

    /// <summary>Resource limits.</summary>
    public void SetLimits(IEnumerable<Rlimit> limits)
    {
        foreach (var limit in limits)
        {
            program.Purpose = new Purpose(Stage.Rlimit, limit.Type);
            var number = Array.IndexOf(RlimitNames, limit.Type);
            if (number < 0) throw Tare.Errors.TareException.Invalid($"unknown resource limit {limit.Type}");
            program.Call(prlimit64, 0, number, program.Words(limit.Soft, limit.Hard), 0);
        }
    }

    /// <summary>
    /// User, groups, capabilities, seccomp, in the order in which each is still allowed: the filter needs CAP_SYS_ADMIN unless
    /// <c>no_new_privs</c> is set, so it comes last with it and before the capabilities go without it.
    /// </summary>
    public void BecomeUser(ProcessSpec process, byte[]? seccompFilter)
    {
        var user = process.User;
        var capabilities = process.Capabilities;
        if (process.NoNewPrivileges)
        {
            program.Purpose = new Purpose(Stage.Setup);
            program.Call(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        }
        else
        {
            LoadFilter(seccompFilter);
        }

        program.Purpose = new Purpose(Stage.Capabilities);
        if (capabilities is not null)
        {
            var bounding = Capabilities.Mask(capabilities.Bounding ?? []);
            for (var number = 0; number <= Capabilities.Last; number++)
            {
                if ((bounding >> number & 1) == 0 && (Capabilities.Bounding >> number & 1) == 1) program.Call(prctl, PR_CAPBSET_DROP, number, 0, 0, 0);
            }
            program.Call(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
        }

        program.Purpose = new Purpose(Stage.User, $"{user.Uid}:{user.Gid}");
        var groups = user.AdditionalGids ?? [];
        program.Call(setgroups, groups.Count, groups.Count == 0 ? 0 : program.Words32([.. groups]));
        program.Call(setresgid, user.Gid, user.Gid, user.Gid);
        program.Call(setresuid, user.Uid, user.Uid, user.Uid);

        program.Purpose = new Purpose(Stage.Capabilities);
        if (capabilities is not null)
        {
            var effective = Capabilities.Mask(capabilities.Effective ?? []);
            var permitted = Capabilities.Mask(capabilities.Permitted ?? []);
            var inheritable = Capabilities.Mask(capabilities.Inheritable ?? []);
            program.Call(
                capset,
                program.Words32(CapabilityVersion3, 0),
                program.Words32((uint)effective, (uint)permitted, (uint)inheritable, (uint)(effective >> 32), (uint)(permitted >> 32), (uint)(inheritable >> 32)));
            var ambient = Capabilities.Mask(capabilities.Ambient ?? []);
            for (var number = 0; number <= Capabilities.Last; number++)
            {
                if ((ambient >> number & 1) == 1) program.Call(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
            }
        }
        program.Call(umask, process.User.Umask ?? 0x12);
        if (process.NoNewPrivileges) LoadFilter(seccompFilter);
    }

    /// <summary>The working directory. A container's is made when it is missing; that of an exec must be there.</summary>
    public void EnterWorkingDirectory(PlaceSteps places, string path, bool make)
    {
        program.Purpose = new Purpose(Stage.WorkingDirectory, path);
        var place = program.NewSlot();
        if (make) places.Ensure(place, path, directory: true);
        else places.Open(place, path, directory: true);
        program.Call(fchdir, place);
        program.Call(close, place);
    }

    /// <summary>The end of every program: the init where wanted, signals, descriptors, execve.</summary>
    public void Execute(ProcessSpec process, bool init)
    {
        var args = process.Args ?? [];
        var env = process.Env ?? [];
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(close_range, 3, uint.MaxValue, CLOSE_RANGE_CLOEXEC);
        if (init) program.Init();
        program.ResetSignals();
        program.Purpose = new Purpose(Stage.Execute, args[0]);
        program.Execute(Candidates(args[0], env), program.TextArray(args), program.TextArray(env));
    }

    /// <summary>Where execvp(3) would look: the name itself when it has a slash, else each directory of the container's PATH.</summary>
    internal static IReadOnlyList<string> Candidates(string name, IReadOnlyList<string> env)
    {
        if (name.Contains('/', StringComparison.Ordinal)) return [name];
        var path = env.LastOrDefault(v => v.StartsWith("PATH=", StringComparison.Ordinal))?[5..];
        return string.IsNullOrEmpty(path) || name.Length == 0
            ? []
            : [.. path.Split(':').Select(directory => directory.Length == 0 ? "./" + name : directory.TrimEnd('/') + "/" + name)];
    }

    private void LoadFilter(byte[]? filter)
    {
        if (filter is null) return;
        program.Purpose = new Purpose(Stage.Seccomp);
        Span<byte> head = stackalloc byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(head, checked((ushort)(filter.Length / 8)));
        var fprog = program.Bytes(head);
        program.Point(new DataOffset(fprog.Offset + 8), program.Bytes(filter));
        program.Call(seccomp, SECCOMP_SET_MODE_FILTER, 0, fprog);
    }
}
