using System.Diagnostics;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Many launches beside a container that logs without end: none hangs, and nothing is held afterwards.</summary>
public sealed class StressTests : OwnDaemonTests
{
    private const int AtOnce = 8;

    [TareFact]
    public Task Launches_hang_never_and_leak_nothing() => WithDaemon(async own =>
    {
        await own.Detached("loud", "while :; do echo 0123456789012345678901234567890123456789; usleep 500; done");
        await Launch(own, AtOnce * 4, 0);
        int daemonBefore = Processes.DescriptorCount(own.Daemon.Pid);
        int keeperBefore = Processes.DescriptorCount(own.Daemon.KeeperPid);
        int mountsBefore = (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Length;
        Stopwatch watch = Stopwatch.StartNew();

        await Launch(own, Setup.Launches, 1000);

        Note.Write($"{Setup.Launches} launches, {AtOnce} at a time, in {watch.Elapsed.TotalSeconds:F1} s ({watch.Elapsed.TotalMilliseconds / Setup.Launches:F2} ms each)");
        Assert.Single(await own.Api.ContainersAsync());
        HashSet<int> ours = [own.Daemon.Pid, own.Daemon.KeeperPid];
        await Eventually.TrueAsync(() => !Processes.All().Any(p => ours.Contains(p.Parent) && p.State == 'Z'), () => "zombies stay");
        await Eventually.TrueAsync(() => Processes.All().Count(p => p.Parent == own.Daemon.KeeperPid) == 1, () => "the keeper has children beside the one container");
        // Pools may have filled to their sizes; a leak of one descriptor for each launch would show in the hundreds.
        Assert.InRange(Processes.DescriptorCount(own.Daemon.Pid), 0, daemonBefore + 40);
        Assert.InRange(Processes.DescriptorCount(own.Daemon.KeeperPid), 0, keeperBefore + 20);
        Assert.Equal(mountsBefore, (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Length);
        Assert.Equal("running", await own.Api.StatusAsync("loud"));
    });

    /// <summary>Create, start, wait and remove over the API; every tenth does an exec too. Each exit code is its own.</summary>
    private static async Task Launch(Own own, int count, int first)
    {
        int next = first;
        int end = first + count;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            int number;
            while ((number = Interlocked.Increment(ref next) - 1) < end)
            {
                int code = number % 200;
                bool exec = number % 10 == 0;
                string script = exec ? $"read line; exit {code}" : $"echo {number}; exit {code}";
                string create = $$$"""{"Image":"{{{Image}}}","OpenStdin":{{{(exec ? "true" : "false")}}},"Cmd":["sh","-c","{{{script}}}"],"HostConfig":{"NetworkMode":"none"}}""";
                (int status, string body) = await own.Api.SendAsync(HttpMethod.Post, "containers/create", create);
                Assert.True(status == 201, body);
                string id = (string)JsonNode.Parse(body)!["Id"]!;
                Assert.Equal(204, (await own.Api.SendAsync(HttpMethod.Post, $"containers/{id}/start")).Status);
                if (exec)
                {
                    (status, body) = await own.Api.SendAsync(HttpMethod.Post, $"containers/{id}/exec", """{"Cmd":["true"],"AttachStdout":true}""");
                    Assert.True(status == 201, body);
                    (status, body) = await own.Api.SendAsync(HttpMethod.Post, $"exec/{(string)JsonNode.Parse(body)!["Id"]!}/start", """{"Detach":true}""");
                    Assert.True(status == 200, body);
                    Assert.Equal(204, (await own.Api.SendAsync(HttpMethod.Post, $"containers/{id}/kill")).Status);
                    code = 137;
                }
                (status, body) = await own.Api.SendAsync(HttpMethod.Post, $"containers/{id}/wait");
                Assert.Equal(code, (int)JsonNode.Parse(body)!["StatusCode"]!);
                Assert.Equal(204, (await own.Api.SendAsync(HttpMethod.Delete, $"containers/{id}")).Status);
            }
        }));
    }
}
