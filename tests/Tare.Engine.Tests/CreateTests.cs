using Tare.Engine.Create;
using Tare.Engine.Host;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

public sealed class CreateTests
{
    private static readonly CgroupFacts Everything = new()
    {
        Memory = true, Swap = true, MemoryReservation = true, Swappiness = true, OomKillDisable = true, CpuShares = true, CpuQuota = true,
        Cpuset = true, Cpus = "0-3", Mems = "0", Pids = true, BlkioWeight = true, BlkioThrottle = true, Namespaces = true,
    };

    [Fact]
    public async Task The_image_fills_what_the_request_left_open()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Images.Config = new ImageConfig
        {
            Cmd = ["serve"], Entrypoint = ["/entry"], Env = ["PATH=/bin", "A=image"], WorkingDir = "/srv", User = "app", StopSignal = "SIGQUIT",
            Labels = new Dictionary<string, string> { ["a"] = "image", ["b"] = "image" }, ExposedPorts = new HashSet<string> { "80/tcp" },
        };
        var id = await harness.CreateAsync(change: request =>
        {
            request.Env = ["A=own"];
            request.Labels = new Dictionary<string, string> { ["a"] = "own" };
        });
        var config = harness.Get(id).Definition.Config;
        Assert.Equal(["A=own", "PATH=/bin"], config.Env);
        Assert.Equal("own", config.Labels!["a"]);
        Assert.Equal("image", config.Labels["b"]);
        Assert.Equal(("/srv", "app", "SIGQUIT", id[..12]), (config.WorkingDir, config.User, config.StopSignal, config.Hostname));
        var inspect = await harness.Containers.InspectAsync(id, false, CancellationToken.None);
        Assert.Equal("/entry", inspect.Path);
        Assert.Equal(["serve"], inspect.Args);
    }

    [Fact]
    public async Task An_entrypoint_of_its_own_drops_the_images_command()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Images.Config = new ImageConfig { Cmd = ["serve"], Entrypoint = ["/entry"] };
        var id = await harness.CreateAsync(change: request => request.Entrypoint = ["/mine"]);
        Assert.Empty((await harness.Containers.InspectAsync(id, false, CancellationToken.None)).Args);
        await LifecycleTests.Refused(ErrorKind.InvalidArgument, "no command specified", () => harness.CreateAsync(change: request => request.Entrypoint = [""]));
    }

    [Fact]
    public async Task An_unknown_network_is_told_at_the_start()
    {
        await using var harness = await Harness.OpenAsync();
        var byMode = await harness.CreateAsync("mode", r => r.HostConfig!.NetworkMode = "nosuch");
        var byEndpoint = await harness.CreateAsync("endpoint", r => r.NetworkingConfig = new NetworkingConfig { EndpointsConfig = new Dictionary<string, EndpointSettings?> { ["nosuch"] = new EndpointSettings() } });
        foreach (var id in (string[])[byMode, byEndpoint])
        {
            await LifecycleTests.Refused(
                ErrorKind.NotFound, "failed to set up container networking: network nosuch not found", () => harness.Containers.StartAsync(id, CancellationToken.None));
            var state = (await harness.Containers.InspectAsync(id, false, CancellationToken.None)).State!;
            Assert.Equal(("created", 128L, "failed to set up container networking: network nosuch not found"), (state.Status, (long)state.ExitCode, state.Error));
        }
        Assert.Empty(harness.Keeper.Launches);
    }

    [Fact]
    public async Task The_host_is_found_at_its_address_on_the_default_bridge()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync(change: r => (r.HostConfig!.NetworkMode, r.HostConfig.ExtraHosts) = ("bridge", ["db:10.0.0.1", "host.docker.internal:host-gateway"]));
        var hosts = await File.ReadAllTextAsync(Path.Combine(harness.DirectoryOf(id), "hosts"));
        Assert.EndsWith($"10.0.0.1\tdb\n172.17.0.1\thost.docker.internal\n172.17.0.2\t{id[..12]}\n", hosts, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_the_hosts_network_the_host_is_at_its_loopback_address()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync(change: r => (r.HostConfig!.NetworkMode, r.HostConfig.ExtraHosts) = ("host", ["h:host-gateway"]));
        Assert.Equal(["h:127.0.0.1"], harness.Get(id).Definition.HostConfig.ExtraHosts!);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("-a")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("ä")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        await using var harness = await Harness.OpenAsync();
        await LifecycleTests.Refused(
            ErrorKind.InvalidArgument, $"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", () => harness.CreateAsync(name));
    }

    [Fact]
    public async Task Options_that_make_no_sense_have_dockers_words()
    {
        await using var harness = await Harness.OpenAsync();
        Task Refused(string message, Action<ContainerCreateRequest> change, ErrorKind kind = ErrorKind.InvalidArgument) =>
            LifecycleTests.Refused(kind, message, () => harness.CreateAsync(change: change));

        await Refused("No such image: nosuch", r => r.Image = "nosuch", ErrorKind.NotFound);
        // "Not found" makes clients pull the image: nothing else of a request may be it.
        await Refused("No such container: nosuch", r => r.HostConfig!.VolumesFrom = ["nosuch"]);
        await Refused("the working directory 'foo' is invalid, it needs to be an absolute path", r => r.WorkingDir = "foo");
        await Refused("invalid environment variable: =x", r => r.Env = ["=x"]);
        await Refused("invalid signal: FOO", r => r.StopSignal = "FOO");
        await Refused("can't create 'AutoRemove' container with restart policy", r => (r.HostConfig!.AutoRemove, r.HostConfig.RestartPolicy) = (true, new RestartPolicy { Name = "always" }));
        await Refused(
            "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
            r => r.HostConfig!.RestartPolicy = new RestartPolicy { Name = "foo" });
        await Refused(
            "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative",
            r => r.HostConfig!.RestartPolicy = new RestartPolicy { Name = "always", MaximumRetryCount = -1 });
        await Refused("invalid CapAdd: unknown capability: \"CAP_FOO\"", r => r.HostConfig!.CapAdd = ["foo"]);
        await Refused("Minimum memory limit allowed is 6MB", r => r.HostConfig!.Memory = 1);
        await Refused("invalid IPC mode: foo", r => r.HostConfig!.IpcMode = "foo");
        await Refused("invalid PID mode: container:", r => r.HostConfig!.PidMode = "container:");
        await Refused("invalid UTS mode: foo", r => r.HostConfig!.UTSMode = "foo");
        await Refused("conflicting options: hostname and the UTS mode", r => (r.HostConfig!.UTSMode, r.Hostname) = ("host", "x"));
        await Refused("conflicting options: hostname and the network mode", r => (r.HostConfig!.NetworkMode, r.Hostname) = ("container:x", "x"));
        await Refused("Invalid value 2000, range for oom score adj is [-1000, 1000]", r => r.HostConfig!.OomScoreAdj = 2000);
        await Refused("invalid --security-opt 2: \"foo=bar\"", r => r.HostConfig!.SecurityOpt = ["foo=bar"]);
        await Refused("unknown or invalid runtime name: foo", r => r.HostConfig!.Runtime = "foo");
        await Refused("logger: no log driver named 'foo' is registered", r => r.HostConfig!.LogConfig = new LogConfig { Type = "foo" });
        await Refused("unknown log opt 'foo' for json-file log driver", r => r.HostConfig!.LogConfig = new LogConfig { Type = "json-file", Config = new Dictionary<string, string> { ["foo"] = "1" } });
        await Refused("could not select device driver \"\" with capabilities: [[gpu]]", r => r.HostConfig!.DeviceRequests = [new DeviceRequest { Capabilities = [["gpu"]] }]);
        await Refused("Duplicate mount point: /x", r => r.HostConfig!.Binds = ["/a:/x", "/b:/x"]);
        await Refused("invalid volume specification: '/foo:bar': invalid mount config for type \"bind\": invalid mount path: 'bar' mount path must be absolute", r => r.HostConfig!.Binds = ["/foo:bar"]);
        await Refused("invalid mount config for type \"bind\": bind source path does not exist: /nosuch", r => r.HostConfig!.Mounts = [new Mount { Type = "bind", Source = "/nosuch", Target = "/x" }]);
        Assert.Empty(harness.Table.Rows);
    }

    [Fact]
    public async Task What_there_is_not_yet_is_refused_and_says_what_to_do()
    {
        await using var harness = await Harness.OpenAsync();
        foreach (var change in (Action<ContainerCreateRequest>[])
        [
            r => r.HostConfig!.Mounts = [new Mount { Type = "cluster", Source = "data", Target = "/data" }],
            r => r.HostConfig!.StorageOpt = new Dictionary<string, string> { ["size"] = "1g" },
            r => r.HostConfig!.LogConfig = new LogConfig { Type = "syslog" },
        ])
        {
            Assert.Equal(ErrorKind.NotImplemented, (await Assert.ThrowsAsync<TareException>(() => harness.CreateAsync(change: change))).Kind);
        }
    }

    [Fact]
    public void A_limit_that_the_kernel_cannot_hold_is_taken_out_and_said()
    {
        var host = new HostConfig { Memory = 64 << 20, CpuShares = 5, PidsLimit = 10, CpusetCpus = "0" };
        var warnings = new List<string>();
        new ResourceValidator(new CgroupFacts(), 4).Validate(host, warnings);
        Assert.Equal((0, 0, (long?)null, ""), (host.Memory, host.CpuShares, host.PidsLimit, host.CpusetCpus));
        Assert.Equal(4, warnings.Count);
    }

    [Theory]
    [InlineData("0-1", true)]
    [InlineData("3,0", true)]
    [InlineData("4", false)]
    public void Cpus_must_be_there(string cpus, bool fine)
    {
        var validator = new ResourceValidator(Everything, 4);
        if (fine) validator.Validate(new HostConfig { CpusetCpus = cpus }, []);
        else Assert.Equal($"Requested CPUs are not available - requested {cpus}, available: 0-3", Assert.Throws<TareException>(() => validator.Validate(new HostConfig { CpusetCpus = cpus }, [])).Message);
    }

    [Fact]
    public void Mounts_are_cleaned_and_ordered()
    {
        var host = new HostConfig
        {
            Binds = ["/a/../b:/x/y/", "/c:/x:ro,rslave"],
            Tmpfs = new Dictionary<string, string> { ["/run"] = "size=1m,exec" },
        };
        var mounts = MountParser.Parse(host, [], _ => []);
        Assert.Equal(["/run", "/x", "/x/y"], mounts.Select(mount => mount.Target));
        Assert.Equal(("/c", true, "rslave", "ro,rslave"), (mounts[1].Source, mounts[1].ReadOnly, mounts[1].Propagation, mounts[1].Mode));
        Assert.Equal("/b", mounts[2].Source);
        Assert.Equal(["nosuid", "nodev", "size=1m", "exec"], mounts[0].Options);
    }

    [Fact]
    public void The_environment_is_the_engines_with_the_containers_over_it() => Assert.Equal(
        ["PATH=/mine", "TERM=xterm", "X=1"],
        Launch.EnvironmentBuilder.ForContainer("h", terminal: true, [], ["PATH=/mine", "HOSTNAME", "X=1"]));
}
