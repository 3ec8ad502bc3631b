using System.Buffers.Binary;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>The steps that turn a child into the wanted process; the same for a container's first process and for an exec.</summary>
internal sealed class ProcessSteps(LaunchProgramBuilder program, bool inUserNamespace)
{
    private const int O_RDWR = 2;
    private const int O_NOCTTY = 0x100;
    private const int O_CLOEXEC = 0x80000;
    private const int TIOCSCTTY = 0x540E;
    private const int TIOCSWINSZ = 0x5414;
    private const uint TIOCSPTLCK = 0x40045431;
    private const uint TIOCGPTPEER = 0x5441;
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int F_GETPIPE_SZ = 1032;
    private const int PR_SET_KEEPCAPS = 8;
    private const int PR_CAPBSET_DROP = 24;
    private const int PR_SET_NO_NEW_PRIVS = 38;
    private const int PR_CAP_AMBIENT = 47;
    private const int PR_CAP_AMBIENT_RAISE = 2;
    private const ulong SysAdmin = 1UL << 21;
    private const int KEYCTL_JOIN_SESSION_KEYRING = 1;
    private const uint CapabilityVersion3 = 0x20080522;
    private const int SECCOMP_SET_MODE_FILTER = 1;
    private const int CLOSE_RANGE_CLOEXEC = 4;
    private const int OPEN_TREE_CLONE = 1;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private const int MOVE_MOUNT_T_EMPTY_PATH = 0x40;

    private static readonly string[] RlimitNames =
    [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ];

    /// <summary>What capabilities there are to give.</summary>
    private readonly ulong available = inUserNamespace ? Capabilities.InUserNamespace : Capabilities.Bounding;
    private int firstOwn = 3;
    private int status = Launcher.StatusDescriptor;

    /// <summary>A session of its own, with a keyring of its own where the kernel has keys.</summary>
    /// <param name="keyring">The keyring's name; null leaves the session keyring.</param>
    public void NewSession(string? keyring)
    {
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(setsid).On(Errno.EPERM);
        if (keyring is not null) program.Call(keyctl, KEYCTL_JOIN_SESSION_KEYRING, program.Text(keyring)).OnAny();
    }

    /// <summary>Opens a terminal in the container's devpts, hands its master to the keeper, and makes it stdio and the controlling terminal.</summary>
    /// <param name="places">Finds the places.</param>
    /// <param name="size">Its first size, or null.</param>
    /// <param name="console">Whether the terminal is also mounted on <c>/dev/console</c>.</param>
    /// <param name="owner">The user who will own it.</param>
    public void OpenTerminal(PlaceSteps places, ConsoleSize? size, bool console, uint owner)
    {
        program.Purpose = new Purpose(Stage.Terminal);
        var (master, slave) = (program.NewSlot(), program.NewSlot());
        places.OpenDevice(master, "/dev/pts/ptmx");
        program.Call(ioctl, master, TIOCSPTLCK, program.Words(0));
        program.Call(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC).Into(slave);
        if (size is { Height: > 0 } or { Width: > 0 })
            program.Call(ioctl, master, TIOCSWINSZ, program.Words32((uint)size.Height | (uint)size.Width << 16, 0));
        program.Send(master, SentDescriptor.Terminal);
        program.Call(close, master);
        if (console)
        {
            var (file, tree) = (program.NewSlot(), program.NewSlot());
            places.EnsureEntry(file, "/dev", "console");
            program.Call(open_tree, slave, program.Text(""), OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC).Into(tree);
            program.Call(move_mount, tree, program.Text(""), file, program.Text(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
            program.Call(close, tree);
            program.Call(close, file);
        }
        for (var number = 0; number <= 2; number++) program.Call(dup3, slave, number, 0);
        program.Call(close, slave);
        program.Call(ioctl, 0, TIOCSCTTY, 0);
        if (owner != 0) program.Call(fchown, 0, owner, uint.MaxValue);
    }

    /// <summary>
    /// Gives the pipes of stdio to the user, who may want to open <c>/dev/stdout</c> anew. What is no pipe belongs to the host; and in a user
    /// namespace that does not know their owner, nobody may give them away.
    /// </summary>
    public void OwnPipes(uint owner)
    {
        if (owner == 0) return;
        program.Purpose = new Purpose(Stage.Setup);
        for (var number = 0; number <= 2; number++)
        {
            var next = new Label();
            program.Call(fcntl, number, F_GETPIPE_SZ).OnAny(next);
            program.Call(fchown, number, owner, uint.MaxValue).OnAny();
            program.Mark(next);
        }
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
    /// User, groups and capabilities. When a filter is to come and <c>no_new_privs</c> is not set, CAP_SYS_ADMIN stays until
    /// <see cref="LoadFilter"/> has had its use of it.
    /// </summary>
    /// <param name="process">The process.</param>
    /// <param name="filtered">Whether a filter comes.</param>
    public void BecomeUser(ProcessSpec process, bool filtered)
    {
        var user = process.User;
        program.Purpose = new Purpose(Stage.Setup);
        if (process.NoNewPrivileges) program.Call(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        program.Purpose = new Purpose(Stage.Capabilities);
        var bounding = Capabilities.Mask(process.Capabilities?.Bounding ?? [], available);
        for (var number = 0; number <= Capabilities.Last; number++)
        {
            if ((bounding >> number & 1) == 0 && (available >> number & 1) == 1) program.Call(prctl, PR_CAPBSET_DROP, number, 0, 0, 0);
        }
        program.Call(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);

        program.Purpose = new Purpose(Stage.User, $"{user.Uid}:{user.Gid}");
        var groups = user.AdditionalGids ?? [];
        var set = program.Call(setgroups, groups.Count, groups.Count == 0 ? 0 : program.Words32([.. groups]));
        // A user namespace may forbid it: then no additional groups are no error; and in the runtime's own, nobody can have any others than its.
        if (UserNamespace.DeniesGroups || (inUserNamespace && groups.Count == 0)) set.On(Errno.EPERM);
        program.Call(setresgid, user.Gid, user.Gid, user.Gid);
        program.Call(setresuid, user.Uid, user.Uid, user.Uid);
        program.Call(umask, user.Umask ?? 0x12);
        SetCapabilities(process.Capabilities, KeepsAdmin(process, filtered) ? SysAdmin : 0);
    }

    /// <summary>
    /// The filter, as the last thing but what it needs itself: a profile has to allow no more than capset(2), prctl(2) and execve(2).
    /// </summary>
    public void LoadFilter(ProcessSpec process, SeccompFilter? filter)
    {
        if (filter is not null)
        {
            program.Purpose = new Purpose(Stage.Seccomp);
            Span<byte> head = stackalloc byte[16];
            BinaryPrimitives.WriteUInt16LittleEndian(head, checked((ushort)(filter.Program.Length / 8)));
            var fprog = program.Bytes(head);
            program.Point(new DataOffset(fprog.Offset + 8), program.Bytes(filter.Program));
            // There is one thread alone to be filtered, and the one that sends the listener must not be.
            if (filter.Listens) program.Listen(filter.Flags & ~(uint)SeccompFlags.ThreadSync, fprog, SentDescriptor.SeccompListener);
            else program.Call(seccomp, SECCOMP_SET_MODE_FILTER, filter.Flags, fprog);
        }
        program.Purpose = new Purpose(Stage.Capabilities);
        if (KeepsAdmin(process, filter is not null)) SetCapabilities(process.Capabilities, 0);
        var ambient = Capabilities.Mask(process.Capabilities?.Ambient ?? [], available);
        for (var number = 0; number <= Capabilities.Last; number++)
        {
            // One that is not inheritable too cannot be raised: it is left out, as with the other runtimes.
            if ((ambient >> number & 1) == 1) program.Call(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0).On(Errno.EPERM);
        }
    }

    private bool KeepsAdmin(ProcessSpec process, bool filtered) =>
        filtered && !process.NoNewPrivileges && (Capabilities.Mask(process.Capabilities?.Effective ?? [], available) & SysAdmin) == 0;

    private void SetCapabilities(LinuxCapabilities? capabilities, ulong also)
    {
        var effective = Capabilities.Mask(capabilities?.Effective ?? [], available) | also;
        var permitted = Capabilities.Mask(capabilities?.Permitted ?? [], available) | also;
        var inheritable = Capabilities.Mask(capabilities?.Inheritable ?? [], available);
        program.Call(
            capset,
            program.Words32(CapabilityVersion3, 0),
            program.Words32((uint)effective, (uint)permitted, (uint)inheritable, (uint)(effective >> 32), (uint)(permitted >> 32), (uint)(inheritable >> 32)));
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

    /// <summary>
    /// Closes all that the launch needed, before anything of the container's is entered or run. What stays: stdio, the descriptors that
    /// the program is to have (as 3 and up), the status socket, and the socket on which the word to start will come.
    /// </summary>
    /// <param name="preserved">The numbers, in the launcher, of what the program is to have; null for one that stays closed.</param>
    /// <param name="listener">The number of the socket, or null.</param>
    public void CloseDescriptors(IReadOnlyList<int?> preserved, int? listener)
    {
        program.Purpose = new Purpose(Stage.Setup);
        firstOwn = 3 + preserved.Count;
        status = Math.Max(Launcher.StatusDescriptor, firstOwn);
        var end = status + (listener is null ? 1 : 2);

        // First all out of the way: each of the wanted numbers may be taken by another of them.
        var targets = new List<(Slot Lifted, int Target)>();
        for (var i = 0; i < preserved.Count; i++)
        {
            if (preserved[i] is { } kept) Lift(kept, 3 + i);
        }
        if (listener is { } socket) Lift(socket, status + 1);
        if (status != Launcher.StatusDescriptor) Lift(Launcher.StatusDescriptor, status);
        foreach (var (lifted, target) in targets) program.Call(dup3, lifted, target, 0);
        if (status != Launcher.StatusDescriptor) program.UseStatus(status);
        for (var i = 0; i < preserved.Count; i++)
        {
            if (preserved[i] is null) program.Call(close, 3 + i).OnAny();
        }
        program.Call(close_range, end, uint.MaxValue, 0);

        void Lift(int number, int target)
        {
            var lifted = program.NewSlot();
            program.Call(fcntl, number, F_DUPFD_CLOEXEC, end).Into(lifted);
            targets.Add((lifted, target));
        }
    }

    /// <summary>Waits until somebody connects to the socket that was kept; from then on that one is told what fails.</summary>
    public void WaitForStart()
    {
        program.Purpose = new Purpose(Stage.Setup);
        var connection = program.NewSlot();
        // Whoever created the container sees the end of its status socket, and so knows that all went well.
        program.Call(close, status);
        program.Call(accept4, status + 1, 0, 0, O_CLOEXEC).Into(connection);
        program.UseStatus(connection);
    }

    /// <summary>Fails already here when there is nothing to execute.</summary>
    public void LookForProgram(ProcessSpec process)
    {
        program.Purpose = new Purpose(Stage.Execute, process.Args![0]);
        program.Look(Programs(process.Args[0], process.Env ?? []));
    }

    /// <summary>Everything that is open closes by itself on execution, but for stdio and what is preserved.</summary>
    public void CloseOnExecution()
    {
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(close_range, firstOwn, uint.MaxValue, CLOSE_RANGE_CLOEXEC);
    }

    /// <summary>The end of every program: execve(2).</summary>
    /// <param name="process">The process.</param>
    /// <param name="calledAs">Its arguments, where they are others than the process's.</param>
    public void Execute(ProcessSpec process, IReadOnlyList<string>? calledAs = null)
    {
        var args = process.Args ?? [];
        var env = process.Env ?? [];
        program.Purpose = new Purpose(Stage.Execute, args[0]);
        program.Execute(Programs(args[0], env), program.TextArray(calledAs ?? args), program.TextArray(env));
    }

    /// <summary>Where execvp(3) would look: the name itself when it has a slash, else each directory of the container's PATH.</summary>
    internal static IReadOnlyList<string> Candidates(string name, IReadOnlyList<string> env)
    {
        if (IsPath(name)) return [name];
        var path = env.LastOrDefault(v => v.StartsWith("PATH=", StringComparison.Ordinal))?[5..];
        return string.IsNullOrEmpty(path) || name.Length == 0
            ? []
            : [.. path.Split(':').Select(directory => directory.Length == 0 ? "./" + name : directory.TrimEnd('/') + "/" + name)];
    }

    private static bool IsPath(string name) => name.Contains('/', StringComparison.Ordinal);

    private DataOffset Programs(string name, IReadOnlyList<string> env) => program.PathTable(Candidates(name, env), searched: !IsPath(name));
}
