using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Project quotas: how much a directory and all below it may take. The directory carries a number, which what is made in it inherits
/// (FS_IOC_FSSETXATTR, linux/fs.h), and the filesystem has a limit for each number (quotactl_fd(2), kernel 5.14; the commands of
/// linux/dqblk_xfs.h, which ext4 and XFS both know).
/// </summary>
public static partial class ProjectQuotas
{
    private const int PRJQUOTA = 2;
    private const int Q_XGETQUOTA = (('X' << 8) + 3 << 8) | PRJQUOTA;
    private const int Q_XSETQLIM = (('X' << 8) + 4 << 8) | PRJQUOTA;
    private const int Q_XGETQSTAT = (('X' << 8) + 5 << 8) | PRJQUOTA;
    private const ushort FS_QUOTA_PDQ_ACCT = 1 << 4;
    private const ushort FS_QUOTA_PDQ_ENFD = 1 << 5;
    private const byte FS_DQUOT_VERSION = 1;
    private const byte FS_PROJ_QUOTA = 1 << 1;
    private const ushort FS_DQ_BSOFT = 1 << 2;
    private const ushort FS_DQ_BHARD = 1 << 3;
    private const nuint FS_IOC_FSGETXATTR = 0x801C581F;
    private const nuint FS_IOC_FSSETXATTR = 0x401C5820;
    private const uint FS_XFLAG_PROJINHERIT = 0x200;

    /// <summary>Bytes of a basic block, in which limits are counted.</summary>
    private const int BlockLength = 512;

    // sizeof of fs_disk_quota, fs_quota_stat (rounded up) and fsxattr.
    private const int QuotaLength = 112;
    private const int StatLength = 128;
    private const int AttributesLength = 28;

    /// <summary>Whether the filesystem of an open file counts what projects take, and keeps them from taking more.</summary>
    public static unsafe bool AreEnforced(Fd file)
    {
        var status = stackalloc byte[StatLength];
        return syscall(SyscallNumbers.quotactl_fd, file.Number, (uint)Q_XGETQSTAT, 0, status) == 0
            && (*(ushort*)(status + 2) & (FS_QUOTA_PDQ_ACCT | FS_QUOTA_PDQ_ENFD)) == (FS_QUOTA_PDQ_ACCT | FS_QUOTA_PDQ_ENFD);
    }

    /// <summary>Whether anything on the filesystem of an open file has a number, or a limit is set for it.</summary>
    /// <exception cref="LinuxException">The filesystem has no project quotas.</exception>
    public static unsafe bool IsUsed(Fd file, uint project)
    {
        var quota = stackalloc byte[QuotaLength];
        if (syscall(SyscallNumbers.quotactl_fd, file.Number, (uint)Q_XGETQUOTA, project, quota) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error == Errno.ENOENT ? false : throw new LinuxException($"look at the quota of project {project}", error);
        }
        // Limits of blocks and inodes, and what is taken of both.
        for (var place = 8; place < 56; place += sizeof(ulong))
        {
            if (*(ulong*)(quota + place) != 0) return true;
        }
        return false;
    }

    /// <summary>Sets how many bytes a project may take; 0 for as many as there are.</summary>
    /// <exception cref="LinuxException">The filesystem has no project quotas, or the kernel refuses.</exception>
    public static unsafe void SetLimit(Fd file, uint project, long bytes)
    {
        var quota = stackalloc byte[QuotaLength];
        new Span<byte>(quota, QuotaLength).Clear();
        quota[0] = FS_DQUOT_VERSION;
        quota[1] = FS_PROJ_QUOTA;
        *(ushort*)(quota + 2) = FS_DQ_BSOFT | FS_DQ_BHARD;
        *(uint*)(quota + 4) = project;
        // Less than a block would be no limit at all.
        *(long*)(quota + 8) = *(long*)(quota + 16) = bytes == 0 ? 0 : Math.Max(1, bytes / BlockLength);
        if (syscall(SyscallNumbers.quotactl_fd, file.Number, (uint)Q_XSETQLIM, project, quota) != 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"set the quota of project {project}");
    }

    /// <summary>The number that a file or directory carries; 0 where the filesystem has none.</summary>
    /// <param name="file">Open for reading, not as a path only.</param>
    public static unsafe uint Of(Fd file)
    {
        var attributes = stackalloc byte[AttributesLength];
        return ioctl(file.Number, FS_IOC_FSGETXATTR, attributes) == 0 ? *(uint*)(attributes + 12) : 0;
    }

    /// <summary>Gives a directory a number, which all that is made in it from now on inherits.</summary>
    /// <param name="directory">Open for reading, and empty: what is in it already is not counted.</param>
    /// <param name="project">The number.</param>
    /// <exception cref="LinuxException">The filesystem has no such numbers.</exception>
    public static unsafe void Assign(Fd directory, uint project)
    {
        var attributes = stackalloc byte[AttributesLength];
        if (ioctl(directory.Number, FS_IOC_FSGETXATTR, attributes) != 0) throw new LinuxException("read the project of a directory", Marshal.GetLastPInvokeError());
        *(uint*)attributes |= FS_XFLAG_PROJINHERIT;
        *(uint*)(attributes + 12) = project;
        if (ioctl(directory.Number, FS_IOC_FSSETXATTR, attributes) != 0) throw new LinuxException("set the project of a directory", Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint syscall(nint number, nint file, nuint command, nuint id, byte* address);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int file, nuint request, byte* argument);
}
