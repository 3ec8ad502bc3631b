using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>No daemon running: tare starts one on demand and says so in one line.</summary>
[Collection("own daemon")]
public sealed class OnDemandTests
{
    /// <summary>
    /// In mount and process namespaces of its own, where /run and /var/lib are empty: the default socket and folders are free
    /// there, and whatever is started ends with the namespaces.
    /// </summary>
    [TareFact]
    public async Task A_command_starts_the_daemon_once_and_says_so()
    {
        const string Script = """
            mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib || exit 99
            tare=$1
            "$tare" ps >/run/one.out 2>/run/one.err || { cat /run/one.err; exit 1; }
            "$tare" ps >/run/two.out 2>/run/two.err || { cat /run/two.err; exit 2; }
            "$tare" version --format '{{.Server.Os}}' || exit 3
            echo "notice lines: $(wc -l </run/one.err), then $(wc -l </run/two.err)"
            echo "notice: $(cat /run/one.err)"
            cmp /run/one.out /run/two.out && cat /run/one.out
            kill $(busybox pidof tare)
            while busybox pidof tare >/dev/null; do usleep 10000 2>/dev/null || sleep 0.01; done
            """;
        Result result = (await Running.RunAsync("unshare",
            ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", Script, "sh", Setup.Tare],
            environment: new Dictionary<string, string> { ["DOCKER_HOST"] = "", ["DOCKER_CONFIG"] = "/nonexistent" })).Ok();
        Assert.Contains("linux\n", result.Out, StringComparison.Ordinal);
        Assert.Contains("notice lines: 1, then 0\n", result.Out, StringComparison.Ordinal);
        Assert.Matches("(?i)notice: .*daemon", result.Out);
        Assert.Contains("CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n", result.Out, StringComparison.Ordinal);
    }
}
