namespace Tare.EndToEnd.Harness;

/// <summary>A case with an NFS server of this machine's kernel; left out, with the reason, where that is not installed or systemd does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NfsFactAttribute : FactAttribute
{
    public NfsFactAttribute() => Skip = Setup.IsReference ? "is about Tare's own processes"
        : !File.Exists("/usr/sbin/exportfs") ? "no NFS server is installed (nfs-kernel-server)"
        : !Directory.Exists("/run/systemd/system") ? "systemd, which starts the NFS server, does not run"
        : null;
}
