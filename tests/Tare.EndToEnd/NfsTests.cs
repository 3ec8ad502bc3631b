using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>A volume on an NFS server, which is the kernel's of this machine.</summary>
public sealed class NfsTests : OwnDaemonTests
{
    [NfsFact]
    public async Task A_volume_may_be_on_a_server()
    {
        string export = Path.Combine(Path.GetTempPath(), "tare-e2e-nfs-" + Path.GetRandomFileName());
        Directory.CreateDirectory(export);
        await File.WriteAllTextAsync(Path.Combine(export, "file"), "served\n");
        try
        {
            (await Running.RunAsync("systemctl", ["start", "nfs-server"])).Ok();
            (await Running.RunAsync("exportfs", ["-o", "rw,no_root_squash,insecure,fsid=0", "*:" + export])).Ok();
            await WithDaemon(async own =>
            {
                await own.Ok("volume", "create", "-o", "type=nfs", "-o", "o=addr=localhost,rw,nfsvers=4", "-o", "device=:/", "served");
                (await Running.RunAsync(
                    Setup.Docker,
                    ["-H", own.Daemon.Host, "volume", "create", "-o", "type=nfs4", "-o", "o=addr=127.0.0.1,ro", "-o", "device=:/", "read-only"],
                    environment: new Dictionary<string, string> { ["DOCKER_CONFIG"] = "/nonexistent" })).Ok();
                Assert.Equal("served", await own.Ok("run", "--rm", "--network", "none", "-v", "served:/v", Image, "sh", "-c", "cat /v/file; echo back >/v/new"));
                Assert.Equal("back\n", await File.ReadAllTextAsync(Path.Combine(export, "new")));
                Assert.Equal("back\nrefused", await own.Ok("run", "--rm", "--network", "none", "-v", "read-only:/v", Image, "sh", "-c", "cat /v/new; touch /v/x 2>/dev/null || echo refused"));
                Assert.DoesNotContain(own.Daemon.Folder, string.Concat((await File.ReadAllLinesAsync("/proc/self/mountinfo")).Where(line => line.Contains(" nfs", StringComparison.Ordinal))), StringComparison.Ordinal);
                await own.Ok("volume", "rm", "served", "read-only");
                Assert.True(File.Exists(Path.Combine(export, "file")));
            });
        }
        finally
        {
            await Running.RunAsync("exportfs", ["-u", "*:" + export]);
            await Running.RunAsync("systemctl", ["stop", "nfs-server"]);
            Directory.Delete(export, recursive: true);
        }
    }
}
