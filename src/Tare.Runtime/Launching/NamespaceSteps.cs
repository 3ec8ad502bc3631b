using System.Globalization;
using System.Text;
using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>The steps that join and make namespaces, and the process that lives in them.</summary>
internal sealed class NamespaceSteps(LaunchProgramBuilder program)
{
    private const ulong CLONE_PARENT = 0x8000;
    private const ulong CLONE_INTO_CGROUP = 0x2_0000_0000;
    private const int CloneArgumentsSize = 88;
    private const int O_WRONLY = 1;
    private const int O_CLOEXEC = 0x80000;
    private const int AF_INET = 2;
    private const int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private const int SIOCSIFFLAGS = 0x8914;
    private const byte IFF_UP = 1;
    private const int PidDigits = 10;

    /// <summary>
    /// What <c>clone3</c> cannot make: a cgroup namespace would begin at the parent's group, and the clocks of a time namespace can be
    /// set only before a process is in it.
    /// </summary>
    private const NamespaceKinds Late = NamespaceKinds.Cgroup | NamespaceKinds.Time;

    /// <summary>Joins namespaces, in this order, but those of control groups.</summary>
    public void Join(IReadOnlyList<(int Descriptor, NamespaceKinds Kinds)> namespaces)
    {
        foreach (var (descriptor, kinds) in namespaces) Join(descriptor, kinds & ~NamespaceKinds.Cgroup);
    }

    /// <summary>Makes the process; what follows is its own.</summary>
    /// <param name="created">New namespaces.</param>
    /// <param name="cgroup">v2: the directory of its control group.</param>
    /// <param name="maps">The ids of a new user namespace.</param>
    /// <param name="joinsUser">Whether a user namespace was joined that may not have the ids of this process.</param>
    public void Clone(NamespaceKinds created, int? cgroup, IdMaps? maps, bool joinsUser)
    {
        // The root of its message queues belongs to who makes the namespace: one whom the user namespace knows.
        var owned = maps is not null || joinsUser ? created & NamespaceKinds.Ipc : NamespaceKinds.None;
        var flags = (ulong)(created & ~Late & ~owned) | CLONE_PARENT | (cgroup is null ? 0 : CLONE_INTO_CGROUP) | (maps is null ? 0 : (ulong)NamespaceKinds.User);
        var (pid, toldEnd, waitingEnd, child) = (program.NewSlot(), program.NewSlot(), program.NewSlot(), new Label());
        if (maps is not null) MakePipe(waitingEnd, toldEnd);
        program.Purpose = new Purpose(Stage.Clone);
        var arguments = program.Words(flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, (ulong)(cgroup ?? 0));
        program.Clone(arguments, CloneArgumentsSize, child).Into(pid);
        if (maps is not null)
        {
            WriteMaps(maps, pid);
            program.Call(write, toldEnd, program.Text("1"), 1);
        }
        program.Call(exit_group, 0);
        program.Mark(child);
        if (maps is not null)
        {
            program.Purpose = new Purpose(Stage.UserMap);
            WaitFor(waitingEnd, toldEnd);
            if (maps.HasRoot) BecomeRoot(optional: false);
        }
        else if (joinsUser)
        {
            BecomeRoot(optional: true);
        }
        program.Purpose = new Purpose(Stage.Namespace, "ipc");
        if (owned != NamespaceKinds.None) program.Call(unshare, (uint)owned);
    }

    /// <summary>
    /// The namespace of control groups, which the process makes or joins itself once it is in its group. Joined before, version 2 as
    /// systemd mounts it (nsdelegate) would let nobody move into a group of that namespace: it is entered from outside of its root.
    /// </summary>
    public void EnterLate(NamespaceKinds created, IReadOnlyList<(int Descriptor, NamespaceKinds Kinds)> joined)
    {
        foreach (var (descriptor, kinds) in joined) Join(descriptor, kinds & NamespaceKinds.Cgroup);
        program.Purpose = new Purpose(Stage.Namespace, "cgroup");
        if (created.HasFlag(NamespaceKinds.Cgroup)) program.Call(unshare, (uint)NamespaceKinds.Cgroup);
    }

    /// <summary>A new time namespace: its clocks are set, then it is entered (time_namespaces(7)).</summary>
    public void NewClocks(IReadOnlyDictionary<string, LinuxTimeOffset>? offsets, FilesystemSteps filesystem)
    {
        _ = filesystem.Proc;
        program.Purpose = new Purpose(Stage.Namespace, "time");
        program.Call(unshare, (uint)NamespaceKinds.Time);
        foreach (var (clock, offset) in offsets ?? new Dictionary<string, LinuxTimeOffset>())
            filesystem.WriteProc("self/timens_offsets", string.Create(CultureInfo.InvariantCulture, $"{clock} {offset.Secs} {offset.Nanosecs}\n"));
        var file = program.NewSlot();
        // The link is one of proc's magic ones, below a procfs of our own making.
        program.Call(openat, filesystem.Proc, program.Text("self/ns/time_for_children"), O_CLOEXEC).Into(file);
        program.Call(setns, file, (uint)NamespaceKinds.Time);
        program.Call(close, file);
    }

    /// <summary>Brings the loopback device of a new network namespace up.</summary>
    public void RaiseLoopback()
    {
        program.Purpose = new Purpose(Stage.Namespace, "network");
        var handle = program.NewSlot();
        Span<byte> request = stackalloc byte[40]; // struct ifreq: the name in 16 bytes, then the flags
        request.Clear();
        "lo"u8.CopyTo(request);
        request[16] = IFF_UP;
        program.Call(socket, AF_INET, SOCK_DGRAM_CLOEXEC, 0).Into(handle);
        program.Call(ioctl, handle, SIOCSIFFLAGS, program.Bytes(request));
        program.Call(close, handle);
    }

    /// <summary>Sets a name of the UTS namespace.</summary>
    public void SetName(int call, string name)
    {
        program.Purpose = new Purpose(Stage.Hostname, name);
        program.Call(call, program.Text(name), Encoding.UTF8.GetByteCount(name));
    }

    /// <summary>Who has no id in a user namespace can make no file in it.</summary>
    /// <param name="optional">Whether there may be no root in it.</param>
    private void BecomeRoot(bool optional)
    {
        program.Purpose = new Purpose(Stage.UserMap);
        var (group, user) = (program.Call(setresgid, 0, 0, 0), program.Call(setresuid, 0, 0, 0));
        if (!optional) return;
        group.On(Errno.EINVAL);
        user.On(Errno.EINVAL);
    }

    private void Join(int descriptor, NamespaceKinds kinds)
    {
        if (kinds == NamespaceKinds.None) return;
        program.Purpose = new Purpose(Stage.Namespace, IsOne(kinds) ? kinds.ToString().ToLowerInvariant() : "");
        program.Call(setns, descriptor, (uint)kinds);
    }

    private static bool IsOne(NamespaceKinds kinds) => ((uint)kinds & ((uint)kinds - 1)) == 0;

    private void MakePipe(Slot read, Slot write)
    {
        program.Purpose = new Purpose(Stage.UserMap);
        var ends = program.Words32(0, 0);
        program.Call(pipe2, ends, O_CLOEXEC);
        program.Load(read, ends, 4);
        program.Load(write, new DataOffset(ends.Offset + 4), 4);
    }

    /// <summary>The end of the pipe without a byte in it means that the maps could not be written.</summary>
    private void WaitFor(Slot waitingEnd, Slot toldEnd)
    {
        var (count, told) = (program.NewSlot(), new Label());
        program.Call(close, toldEnd);
        program.Call(read, waitingEnd, program.Words(0), 1).Into(count);
        program.BranchIfEqual(count, 1, told);
        program.Call(exit_group, 127);
        program.Mark(told);
        program.Call(close, waitingEnd);
    }

    private void WriteMaps(IdMaps maps, Slot pid)
    {
        program.Purpose = new Purpose(Stage.UserMap);
        if (maps.ByCaller)
        {
            program.Synchronise(SyncPoint.MapIds);
            return;
        }
        if (maps.DenyGroups) WriteTo(pid, "/setgroups", "deny");
        WriteTo(pid, "/uid_map", maps.Users);
        WriteTo(pid, "/gid_map", maps.Groups);
    }

    private void WriteTo(Slot pid, string file, string text)
    {
        const string folder = "/proc/";
        var path = new byte[folder.Length + PidDigits + file.Length + 1];
        Encoding.UTF8.GetBytes(folder, path);
        var place = program.Bytes(path);
        var handle = program.NewSlot();
        program.Format(new DataOffset(place.Offset + folder.Length), pid, file);
        program.Call(openat, Paths.CurrentDirectory, place, O_WRONLY | O_CLOEXEC).Into(handle);
        program.Call(write, handle, program.Text(text), Encoding.UTF8.GetByteCount(text));
        program.Call(close, handle);
    }
}
