using System.Diagnostics;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// A network and mounts apart from this machine's, in which programs run as on another one: with an address that is not
/// loopback's, and an /etc that may be written to. It goes when the tests go.
/// </summary>
internal sealed class IsolatedHost : IDisposable
{
    /// <summary>One of those that are for documentation and nobody's (RFC 5737).</summary>
    public const string Address = "192.0.2.1";

    private const string Script = $"""
        ip link set lo up && ip address add {Address}/32 dev lo && cp -a /etc "$1" && mount --bind "$1/etc" /etc && echo ready && exec cat
        """;

    private readonly Process process;
    private readonly string folder;

    private IsolatedHost(Process process, string folder) => (this.process, this.folder) = (process, folder);

    /// <summary>Its /etc, as it is seen from here.</summary>
    public string Etc => Path.Combine(folder, "etc");

    /// <summary>What stands before a command that runs there; the process is the command's own.</summary>
    public string[] Enter => ["nsenter", $"--net=/proc/{process.Id}/ns/net", $"--mount=/proc/{process.Id}/ns/mnt", "--"];

    public static async Task<IsolatedHost> StartAsync()
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-host-").FullName;
        // What is unmounted here has to go there too, or it would stay in use.
        Process process = Process.Start(new ProcessStartInfo("unshare", ["--net", "--mount", "--propagation", "slave", "sh", "-c", Script, "sh", folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        IsolatedHost host = new(process, folder);
        if (await process.StandardOutput.ReadLineAsync() == "ready")
            return host;
        host.Dispose();
        throw new InvalidOperationException("no namespaces for a host of the tests' own: are ip, unshare and mount there?");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
