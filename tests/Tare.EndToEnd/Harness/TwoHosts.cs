using System.Diagnostics;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// A host for an engine and another one outside of it, as two network namespaces with a cable between them. They go when the tests go. Addresses
/// are those that are for documentation and nobody's (RFC 5737, RFC 3849).
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    public const string Inside4 = "198.51.100.1";
    public const string Inside6 = "2001:db8::1";
    public const string Outside4 = "198.51.100.2";
    public const string Outside6 = "2001:db8::2";

    private readonly Process outside;

    private TwoHosts(IsolatedHost inside, Process outside) => (Inside, this.outside) = (inside, outside);

    /// <summary>Where the engine runs.</summary>
    public IsolatedHost Inside { get; }

    public static async Task<TwoHosts> StartAsync()
    {
        IsolatedHost inside = await IsolatedHost.StartAsync();
        Process outside = Process.Start(new ProcessStartInfo("unshare", ["--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        TwoHosts hosts = new(inside, outside);
        Assert.Equal("ready", await outside.StandardOutput.ReadLineAsync());
        string script = $"""
            set -e
            ip link add cable type veth peer name uplink netns {outside.Id}
            ip link set cable up
            ip address add {Inside4}/24 dev cable
            ip -6 address add {Inside6}/64 dev cable nodad
            """;
        (await hosts.OnInsideAsync("sh", "-c", script)).Ok();
        (await hosts.OnOutsideAsync("sh", "-c", $"set -e; ip link set uplink up; ip address add {Outside4}/24 dev uplink; ip -6 address add {Outside6}/64 dev uplink nodad")).Ok();
        return hosts;
    }

    public Task<Result> OnInsideAsync(params string[] command) => Running.RunAsync(Inside.Enter[0], [.. Inside.Enter[1..], .. command]);

    public Task<Result> OnOutsideAsync(params string[] command) => Running.RunAsync("nsenter", [$"--net=/proc/{outside.Id}/ns/net", "--", .. command]);

    /// <summary>Starts a program outside that goes on; it ends when it is disposed.</summary>
    public Running StartOutside(params string[] command) => Running.Start("nsenter", [$"--net=/proc/{outside.Id}/ns/net", "--", .. command]);

    public void Dispose()
    {
        outside.StandardInput.Close();
        outside.WaitForExit();
        outside.Dispose();
        Inside.Dispose();
    }
}
