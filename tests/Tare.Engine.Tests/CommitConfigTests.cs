using Tare.Engine.Images;
using Tare.Images.Importing;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>The configuration of an image that is made of a container, compared with Docker 28.5.</summary>
public sealed class CommitConfigTests
{
    private static readonly ContainerConfig Container = new()
    {
        Hostname = "h",
        Tty = true,
        Image = "x",
        User = "5",
        Env = ["X=y", "PATH=/bin"],
        Cmd = ["sh", "-c", "true"],
        ExposedPorts = new HashSet<string> { "80/tcp" },
        Volumes = new HashSet<string> { "/v" },
        WorkingDir = "/w",
        Labels = new Dictionary<string, string> { ["a"] = "b" },
        StopSignal = "SIGUSR1",
        StopTimeout = 3,
        Healthcheck = new HealthConfig { Test = ["CMD", "x"], Interval = 5 },
    };

    [Fact]
    public void Without_changes_it_is_the_containers_but_for_what_is_its_alone()
    {
        var config = Make();
        Assert.Equal("5", config.User);
        Assert.Equal(["X=y", "PATH=/bin"], config.Env!);
        Assert.Equal(["sh", "-c", "true"], config.Cmd!);
        Assert.Equal(("80/tcp", "/v", "/w", "b", "SIGUSR1", 3), (config.ExposedPorts!.Keys.Single(), config.Volumes!.Keys.Single(), config.WorkingDir, config.Labels!["a"], config.StopSignal, config.StopTimeout));
        Assert.Equal(("x", 5L, (long?)null), (config.Healthcheck!.Test![1], config.Healthcheck.Interval, config.Healthcheck.Timeout));
        Assert.Null(config.Hostname);
        Assert.Null(config.Tty);
        Assert.Null(config.Image);
    }

    [Fact]
    public void Instructions_change_it()
    {
        var config = Make("USER 6", "ENV X=z N=m", "EXPOSE 90/udp", "LABEL a=c d=e", "WORKDIR sub", "CMD [\"ls\"]", "STOPSIGNAL 9");
        Assert.Equal(("6", "/w/sub", "9"), (config.User, config.WorkingDir, config.StopSignal));
        Assert.Equal(["X=z", "PATH=/bin", "N=m"], config.Env!);
        Assert.Equal(["80/tcp", "90/udp"], config.ExposedPorts!.Keys.Order());
        Assert.Equal([("a", "c"), ("d", "e")], config.Labels!.Select(label => (label.Key, label.Value)).Order());
        Assert.Equal(["ls"], config.Cmd!);
    }

    [Fact]
    public void A_new_entrypoint_takes_the_command_away_unless_it_is_given_too()
    {
        Assert.Null(Make("ENTRYPOINT [\"/x\"]").Cmd);
        Assert.Equal(["y"], Make("CMD [\"y\"]", "ENTRYPOINT [\"/x\"]").Cmd!);
        Assert.Equal(["y"], Make("ENTRYPOINT [\"/x\"]", "CMD [\"y\"]").Cmd!);
    }

    [Fact]
    public void A_configuration_of_the_requests_own_is_filled_up()
    {
        var config = ImageConfigs.Merge(ImageConfigs.Of(new ContainerConfig { Env = ["X=own"], Labels = new Dictionary<string, string> { ["a"] = "own" } }), Container);
        Assert.Equal(["X=own", "PATH=/bin"], config.Env!);
        Assert.Equal("own", config.Labels!["a"]);
        Assert.Equal(["sh", "-c", "true"], config.Cmd!);
        Assert.Equal("5", config.User);
    }

    private static OciContainerConfig Make(params string[] changes) => ImageConfigs.Merge(ChangeInstructions.Apply(ImageConfigs.Of(Container), changes), Container);
}
