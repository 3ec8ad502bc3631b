using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Numbers of the system calls that have no function in every libc, or that launch programs use. Named as the kernel names them;
/// the first of each pair is x86-64 (arch/x86/entry/syscalls/syscall_64.tbl), the second arm64 (the generic table).
/// </summary>
public static class SyscallNumbers
{
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static int accept4 { get; } = Pick(288, 242);
    public static int bpf { get; } = Pick(321, 280);
    public static int capget { get; } = Pick(125, 90);
    public static int capset { get; } = Pick(126, 91);
    public static int chdir { get; } = Pick(80, 49);
    public static int chroot { get; } = Pick(161, 51);
    public static int clone3 { get; } = Pick(435, 435);
    public static int close { get; } = Pick(3, 57);
    public static int close_range { get; } = Pick(436, 436);
    public static int dup3 { get; } = Pick(292, 24);
    public static int execve { get; } = Pick(59, 221);
    public static int execveat { get; } = Pick(322, 281);
    public static int exit_group { get; } = Pick(231, 94);
    public static int fchdir { get; } = Pick(81, 50);
    public static int fchmod { get; } = Pick(91, 52);
    public static int fchmodat { get; } = Pick(268, 53);
    public static int fchownat { get; } = Pick(260, 54);
    public static int fchown { get; } = Pick(93, 55);
    public static int fcntl { get; } = Pick(72, 25);
    public static int fsconfig { get; } = Pick(431, 431);
    public static int fsmount { get; } = Pick(432, 432);
    public static int fsopen { get; } = Pick(430, 430);
    public static int fstat { get; } = Pick(5, 80);
    public static int getpid { get; } = Pick(39, 172);
    public static int ioctl { get; } = Pick(16, 29);
    public static int ioprio_set { get; } = Pick(251, 30);
    public static int keyctl { get; } = Pick(250, 219);
    public static int quotactl_fd { get; } = Pick(443, 443);
    public static int kill { get; } = Pick(62, 129);
    public static int mkdirat { get; } = Pick(258, 34);
    public static int mknodat { get; } = Pick(259, 33);
    public static int mount { get; } = Pick(165, 40);
    public static int mount_setattr { get; } = Pick(442, 442);
    public static int move_mount { get; } = Pick(429, 429);
    public static int name_to_handle_at { get; } = Pick(303, 264);
    public static int open_tree { get; } = Pick(428, 428);
    public static int openat { get; } = Pick(257, 56);
    public static int openat2 { get; } = Pick(437, 437);
    public static int personality { get; } = Pick(135, 92);
    public static int pidfd_open { get; } = Pick(434, 434);
    public static int pidfd_send_signal { get; } = Pick(424, 424);
    public static int pipe2 { get; } = Pick(293, 59);
    public static int pivot_root { get; } = Pick(155, 41);
    public static int prctl { get; } = Pick(157, 167);
    public static int prlimit64 { get; } = Pick(302, 261);
    public static int read { get; } = Pick(0, 63);
    public static int rt_sigprocmask { get; } = Pick(14, 135);
    public static int sched_setaffinity { get; } = Pick(203, 122);
    public static int sched_setattr { get; } = Pick(314, 274);
    public static int seccomp { get; } = Pick(317, 277);
    public static int sendmsg { get; } = Pick(46, 211);
    public static int setdomainname { get; } = Pick(171, 162);
    public static int setgroups { get; } = Pick(116, 159);
    public static int set_mempolicy { get; } = Pick(238, 237);
    public static int sethostname { get; } = Pick(170, 161);
    public static int setns { get; } = Pick(308, 268);
    public static int setresgid { get; } = Pick(119, 149);
    public static int setresuid { get; } = Pick(117, 147);
    public static int setsid { get; } = Pick(112, 157);
    public static int socket { get; } = Pick(41, 198);
    public static int symlinkat { get; } = Pick(266, 36);
    public static int umask { get; } = Pick(95, 166);
    public static int umount2 { get; } = Pick(166, 39);
    public static int unlinkat { get; } = Pick(263, 35);
    public static int unshare { get; } = Pick(272, 97);
    public static int write { get; } = Pick(1, 64);

    private static int Pick(int x64, int arm64) => Arm ? arm64 : x64;
}
