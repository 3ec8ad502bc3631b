using Tare.Runtime.Launching;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox.Tests;

/// <summary>Real launches on the real kernel, by the real launcher.</summary>
public sealed class ContainerLaunchTests : IDisposable
{
    private readonly LaunchHost host = new();

    public void Dispose() => host.Dispose();

    [Fact]
    public void Output_and_exit_code_arrive()
    {
        var result = host.Run(host.Options("sh", "-c", "echo out; echo err >&2; cat; exit 7"), "in\n");
        Assert.Equal(new LaunchResult(7, "out\nin\n", "err\n", null), result);
    }

    [Fact]
    public void The_container_has_namespaces_of_its_own()
    {
        var result = host.Run(host.Options("sh", "-c", "echo $$; hostname; ls /proc/self/fd | wc -l; set -- /proc/[0-9]*; echo $#; ifconfig lo | grep -c 'UP LOOPBACK'"));
        // The shell looks itself: how many processes of a pipe are there when another looks is a matter of luck.
        Assert.Equal("1\nbox\n4\n1\n1\n", result.Output);
    }

    [Fact]
    public void Nothing_of_the_host_shows_in_its_mounts()
    {
        var lines = host.Run(host.Options("cat", "/proc/self/mounts")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("overlay / overlay rw", lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.True(line.Split(' ')[1].StartsWith("/proc", StringComparison.Ordinal) || line.Split(' ')[1].StartsWith("/dev", StringComparison.Ordinal) || line.Split(' ')[1].StartsWith("/sys", StringComparison.Ordinal), line));
        Assert.DoesNotContain(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(host.Home, StringComparison.Ordinal));
    }

    [Fact]
    public void Kernel_files_are_masked_and_read_only()
    {
        var result = host.Run(host.Options("sh", "-c", "wc -c < /proc/timer_list; touch /proc/sys/kernel/domainname 2>&1; echo x 2>/dev/null > /proc/sysrq-trigger || echo refused; ls /sys/firmware | wc -l; touch /sys/x 2>&1"));
        Assert.Equal("0\ntouch: /proc/sys/kernel/domainname: Read-only file system\nrefused\n0\ntouch: /sys/x: Read-only file system\n", result.Output);
    }

    [Fact]
    public void Devices_are_there_and_others_cannot_be_opened()
    {
        var result = host.Run(host.Options("sh", "-c", "dd if=/dev/zero of=/dev/null bs=1 count=1 2>&1 | grep -c records; readlink /dev/stdin; mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg"));
        Assert.Equal("2\n/proc/self/fd/0\n", result.Output);
        Assert.Contains("Operation not permitted", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Capabilities_are_Dockers()
    {
        Assert.Contains("CapEff:\t00000000a80425fb", host.Run(host.Options("cat", "/proc/self/status")).Output, StringComparison.Ordinal);
        var alice = host.Run(host.Options("cat", "/proc/self/status") with { User = "alice" }).Output;
        Assert.Contains("CapEff:\t0000000000000000", alice, StringComparison.Ordinal);
        Assert.Contains("CapBnd:\t00000000a80425fb", alice, StringComparison.Ordinal);
        Assert.Contains("Seccomp:\t2", alice, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t0", alice, StringComparison.Ordinal);
    }

    [Fact]
    public void Privileged_has_what_the_host_has()
    {
        var output = host.Run(host.Options("sh", "-c", "grep -E 'CapEff|Seccomp:' /proc/self/status; test -c /dev/kmsg && echo kmsg; touch /proc/sys/kernel/domainname && echo writable") with { Security = new SecurityOptions { Privileged = true } }).Output;
        Assert.Contains($"CapEff:\t{Capabilities.Bounding:x16}\nSeccomp:\t0\n", output, StringComparison.Ordinal);
        Assert.EndsWith("kmsg\nwritable\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "uid=0(root) gid=0(root) groups=0(root)", "/root")]
    [InlineData("alice", "uid=1000(alice) gid=1001(staff) groups=29(audio),1001(staff)", "/home/alice")]
    [InlineData("1000", "uid=1000(alice) gid=1001(staff) groups=29(audio),1001(staff)", "/home/alice")]
    [InlineData("1000:audio", "uid=1000(alice) gid=29(audio) groups=29(audio)", "/home/alice")]
    [InlineData("4711:4712", "uid=4711 gid=4712 groups=4712", "/")]
    [InlineData("+1000", "uid=1000(alice) gid=1001(staff) groups=29(audio),1001(staff)", "/home/alice")]
    public void Users_come_from_the_image(string user, string identity, string home)
    {
        var result = host.Run(host.Options("sh", "-c", "id; echo $HOME; echo > /dev/stdout && echo own") with { User = user });
        Assert.StartsWith(identity, result.Output, StringComparison.Ordinal);
        Assert.Contains($"\n{home}\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("own\n", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", 1002, 1002, "/home/short", "1002")]
    [InlineData("blank", 1003, 1003, "/home/blank", "1003")]
    [InlineData("twice", 1000, 5, "/home/alice", "5")]
    [InlineData("nonsense", 1004, 0, "/", "0")]
    [InlineData("0:wheel", 0, 77, "/root", "77")]
    [InlineData("+1002", 1002, 1002, "/home/short", "1002")]
    [InlineData("2000", 2000, 2001, "/named", "2001")]
    [InlineData("7:8:9", 7, 8, "/", "8")]
    public void Files_of_users_are_read_as_Docker_reads_them(string user, uint uid, uint gid, string home, string groups)
    {
        File.AppendAllText(Path.Combine(host.Layer, "etc/passwd"),
            "short:x:1002:1002::/home/short\n  blank:x:1003:1003::/home/blank:/bin/sh \t\n\ntwice:x:1000:5::/home/twice:/bin/sh\nnonsense:x:1004:none:::\n2000:x:9:9::/nine:\nnamed:x:2000:2001::/named:\n");
        File.AppendAllText(Path.Combine(host.Layer, "etc/group"), "wheel:x:77\n");
        using var root = Paths.Open(host.Layer, Paths.Directory);
        var resolved = ContainerUser.Resolve(root, user, []);
        Assert.Equal((uid, gid, home, groups), (resolved.Uid, resolved.Gid, resolved.Home, string.Join(' ', resolved.Groups)));
    }

    [Theory]
    [InlineData("-1", "")]
    [InlineData("2147483648", "")]
    [InlineData("99999999999999999999", "")]
    [InlineData("0:4294967296", "")]
    [InlineData("0", "4294967296")]
    public void Numbers_of_users_have_a_range(string user, string group)
    {
        using var root = Paths.Open(host.Layer, Paths.Directory);
        var error = Assert.Throws<TareException>(() => ContainerUser.Resolve(root, user, group.Length > 0 ? [group] : []));
        Assert.Equal("uids and gids must be in range 0-2147483647", error.Message);
    }

    [Theory]
    [InlineData("c 1 5")]
    [InlineData("p")]
    public void A_file_of_users_that_is_no_file_is_not_opened(string node)
    {
        var path = Path.Combine(host.Layer, "etc/passwd");
        File.Delete(path);
        using (var mknod = System.Diagnostics.Process.Start("mknod", [path, .. node.Split(' ')])) mknod.WaitForExit();
        using var root = Paths.Open(host.Layer, Paths.Directory);
        Assert.Equal("/", ContainerUser.Resolve(root, "0", []).Home);
        Assert.Contains("unable to find user alice", Assert.Throws<TareException>(() => ContainerUser.Resolve(root, "alice", [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_privileged_exec_keeps_the_filter_and_any_exec_the_groups()
    {
        var options = host.Options("sh", "-c", "echo ready; cat") with { AdditionalGroups = ["777"] };
        using var running = host.Start(options);
        running.ReadUntil("ready");
        using var pidFd = PidFds.Open(running.Pid);
        var exec = new ExecOptions { Container = options, ContainerPidFd = pidFd, Args = ["sh", "-c", "grep -E 'Seccomp:|CapEff' /proc/self/status; id -G"], Privileged = true };
        using (var process = host.StartExec(exec, running.Cgroup))
            Assert.Equal($"CapEff:\t{Capabilities.Bounding:x16}\nSeccomp:\t2\n0 777\n", process.Finish().Output);
        using (var process = host.StartExec(exec with { User = "alice", Args = ["id", "-G"] }, running.Cgroup))
            Assert.Equal("1001 29 777\n", process.Finish().Output);
        running.Finish();
    }

    [Fact]
    public void An_unknown_user_is_named()
    {
        var error = Assert.Throws<TareException>(() => host.Run(host.Options("true") with { User = "bob" }));
        Assert.Equal("unable to find user bob: no matching entries in passwd file", error.Message);
    }

    [Theory]
    [InlineData("nosuch", 127, "exec: \"nosuch\": executable file not found in $PATH")]
    [InlineData("/nosuch", 127, "exec: \"/nosuch\": stat /nosuch: no such file or directory")]
    [InlineData("/etc", 126, "exec: \"/etc\": is a directory: permission denied")]
    [InlineData("/etc/passwd", 126, "exec: \"/etc/passwd\": permission denied")]
    public void A_command_that_cannot_be_executed_says_why(string command, int code, string message)
    {
        using var running = host.Start(host.Options(command));
        Assert.Equal(new LaunchFailure(message, code), running.Failure);
        Assert.Equal(127, running.Finish().ExitCode);
    }

    [Fact]
    public void The_working_directory_is_made()
    {
        var result = host.Run(host.Options("sh", "-c", "echo $PWD; touch x && ls") with { WorkingDirectory = "/a/b" });
        Assert.Equal("/a/b\nx\n", result.Output);
    }

    [Fact]
    public void A_working_directory_cannot_lead_to_the_host()
    {
        using var running = host.Start(host.Options("ls", "..") with { WorkingDirectory = "/proc/self/fd/5" });
        Assert.Contains("chdir to cwd (\"/proc/self/fd/5\")", running.Failure?.Message, StringComparison.Ordinal);
        running.Finish();
    }

    [Fact]
    public void Binds_and_tmpfs_are_mounted_over_what_the_image_has()
    {
        var source = Directory.CreateDirectory(Path.Combine(host.Home, "data")).FullName;
        File.WriteAllText(Path.Combine(source, "file"), "data\n");
        var result = host.Run(host.Options("sh", "-c", "cat /mnt/deep/file /etc/one; touch /mnt/deep/new /scratch/x && echo ok; touch /ro/x") with
        {
            Mounts =
            [
                new MountOptions { Type = "bind", Source = source, Target = "/mnt/deep" },
                new MountOptions { Type = "bind", Source = source, Target = "/ro", ReadOnly = true },
                new MountOptions { Type = "bind", Source = Path.Combine(source, "file"), Target = "/etc/one" },
                new MountOptions { Type = "tmpfs", Target = "/scratch", Options = ["size=64k"] },
            ],
        });
        Assert.Equal("data\ndata\nok\n", result.Output);
        Assert.Contains("Read-only file system", result.Errors, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(source, "new")));
    }

    [Fact]
    public void A_link_in_the_image_cannot_carry_a_mount_out_of_it()
    {
        var outside = Directory.CreateDirectory(Path.Combine(host.Home, "outside")).FullName;
        File.CreateSymbolicLink(Path.Combine(host.Layer, "trap"), "../../../../../../.." + outside);
        File.CreateSymbolicLink(Path.Combine(host.Layer, "trap2"), outside);
        var result = host.Run(host.Options("sh", "-c", "mount | grep -c tare-trap") with
        {
            Mounts = [new MountOptions { Type = "tmpfs", Target = "/trap/x" }, new MountOptions { Type = "tmpfs", Target = "/trap2/y" }],
        });
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        Assert.NotEqual(-1, result.ExitCode);
    }

    [Fact]
    public void A_read_only_root_is_read_only_and_its_mounts_are_not()
    {
        var result = host.Run(host.Options("sh", "-c", "touch /x; touch /dev/shm/x && echo shm") with
        {
            Root = new RootFilesystem { Layers = [host.Layer], Upper = Path.Combine(host.Home, "upper"), Work = Path.Combine(host.Home, "work"), ReadOnly = true },
        });
        Assert.Equal("shm\n", result.Output);
        Assert.Contains("Read-only file system", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_terminal_is_a_terminal()
    {
        using var running = host.Start(host.Options("sh", "-c", "tty; stty size; test -t 2 && echo yes; ls /dev/console") with { Terminal = true, ConsoleSize = (30, 100) });
        Assert.Null(running.Failure);
        var result = running.Finish();
        Assert.Equal("/dev/pts/0\r\n30 100\r\nyes\r\n/dev/console\r\n", result.Output);
    }

    [Fact]
    public void The_keyboard_interrupts_what_runs_in_the_terminal()
    {
        using var running = host.Start(host.Options("sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.01; done") with { Terminal = true });
        running.ReadUntil("ready");
        Assert.Equal(3, running.Finish("\u0003").ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_init_forwards_signals_reaps_orphans_and_passes_the_exit_code_on(bool terminal)
    {
        using var running = host.Start(host.Options("sh", "-c", "trap 'echo got; exit 9' TERM; echo pid $$; (sleep 0 & ) ; echo ready; while :; do sleep 0.01; done") with { Init = true, Terminal = terminal });
        Assert.Contains("pid 2", running.ReadUntil("ready"), StringComparison.Ordinal);
        using (var process = PidFds.Open(running.Pid)) PidFds.SendSignal(process, 15);
        var result = running.Finish();
        Assert.Equal(9, result.ExitCode);
        Assert.Contains("got", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_reach_the_control_groups_and_the_process()
    {
        var result = host.Run(host.Options("sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us; ulimit -n") with
        {
            Resources = new ResourceOptions { Memory = 64 << 20, PidsLimit = 20, CpuQuota = 50000, CpuPeriod = 100000 },
            Rlimits = [("nofile", 123, 456)],
        });
        Assert.Equal($"{64 << 20}\n20\n50000\n123\n", result.Output);
    }

    [Fact]
    public void Seccomp_refuses_what_Docker_refuses()
    {
        var options = host.Options("sh", "-c", "busybox unshare -U true 2>&1; true");
        Assert.Contains("Operation not permitted", host.Run(options).Output, StringComparison.Ordinal);
        var unconfined = host.Run(host.Options("cat", "/proc/self/status") with { Security = new SecurityOptions { SeccompUnconfined = true } });
        Assert.Contains("Seccomp:\t0", unconfined.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_can_be_added_and_shares_the_container()
    {
        var options = host.Options("sh", "-c", "cd /tmp; echo here > mark; echo ready; cat");
        using var running = host.Start(options);
        running.ReadUntil("ready");
        using var pidFd = PidFds.Open(running.Pid);
        var exec = new ExecOptions { Container = options, ContainerPidFd = pidFd, Args = ["sh", "-c", "cat mark; echo $A$HOME; hostname; id -u; exit 4"], Env = ["A=b"], WorkingDirectory = "/tmp", User = "alice" };
        using (var process = host.StartExec(exec, running.Cgroup))
        {
            var result = process.Finish();
            Assert.Equal((4, "here\nb/home/alice\nbox\n1000\n"), (result.ExitCode, result.Output));
        }
        using (var terminal = host.StartExec(exec with { Args = ["sh", "-c", "tty; stty size"], Terminal = true, ConsoleSize = (12, 34) }, running.Cgroup))
            Assert.Equal("/dev/pts/0\r\n12 34\r\n", terminal.Finish().Output);
        using (var missing = host.StartExec(exec with { Args = ["nosuch"] }, running.Cgroup))
        {
            Assert.Equal(127, missing.Failure?.ExitCode);
            missing.Finish();
        }
        Assert.Equal(0, running.Finish().ExitCode);
    }

    [Fact]
    public async Task Freezing_stops_the_container_and_thawing_lets_it_go_on()
    {
        using var running = host.Start(host.Options("sh", "-c", "echo ready; cat"));
        running.ReadUntil("ready");
        await running.Cgroup.PauseAsync(CancellationToken.None);
        Assert.Equal('D', StateOf(running.Pid));
        running.Cgroup.Unpause();
        Assert.Equal(0, running.Finish().ExitCode);

        static char StateOf(int pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1][0];
    }

    [Fact]
    public async Task Removing_the_control_groups_kills_what_is_in_them()
    {
        using var running = host.Start(host.Options("sleep", "1000"));
        await running.Cgroup.RemoveAsync(CancellationToken.None);
        Assert.Equal(137, running.Finish().ExitCode);
        Assert.Null(host.Compiler.OpenCgroup(Path.GetFileName(running.Cgroup.Path), host.Parent));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_working_directory_cannot_be_the_root_of_another_process(bool linked)
    {
        // In the host's pid namespace this process's root shows in /proc: a directory, but for the way that leads there.
        var outside = $"/proc/{Environment.ProcessId}/root";
        if (linked) File.CreateSymbolicLink(Path.Combine(host.Layer, "app"), outside);
        var options = host.Options("ls") with { WorkingDirectory = linked ? "/app" : outside };
        using var running = host.Start(options with { Namespaces = options.Namespaces with { Pid = NamespaceMode.Host } });
        Assert.Contains($"chdir to cwd (\"{(linked ? "/app" : outside)}\") set in config.json failed: too many", running.Failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exec_cannot_be_led_out_by_a_working_directory_that_the_container_has_replaced()
    {
        var options = host.Options("sh", "-c", $"ln -s /proc/{Environment.ProcessId}/root /work; echo ready; sleep 100");
        options = options with { Namespaces = options.Namespaces with { Pid = NamespaceMode.Host } };
        using var container = host.Start(options);
        container.ReadUntil("ready");
        using var pidFd = PidFds.Open(container.Pid);
        using var exec = host.StartExec(new ExecOptions { Container = options, ContainerPidFd = pidFd, Args = ["ls"], WorkingDirectory = "/work" }, container.Cgroup);
        Assert.Contains("chdir to cwd (\"/work\")", exec.Failure?.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("tmpfs"), InlineData("bind")]
    public void No_place_of_a_mount_is_made_on_the_host(string type)
    {
        var made = Path.Combine(host.Home, "made");
        // In the image itself such a link is seen before the launch.
        var volume = Directory.CreateDirectory(Path.Combine(host.Home, "volume")).FullName;
        File.CreateSymbolicLink(Path.Combine(volume, "data"), $"/proc/{Environment.ProcessId}/root{host.Home}");
        var options = host.Options("true");
        using var running = host.Start(options with
        {
            Namespaces = options.Namespaces with { Pid = NamespaceMode.Host },
            Mounts = [new MountOptions { Type = "bind", Source = volume, Target = "/volume" }, new MountOptions { Type = type, Source = type == "bind" ? host.Layer : "", Target = "/volume/data/made/x" }],
        });
        Assert.NotNull(running.Failure);
        Assert.False(Path.Exists(made), made);
    }

    [Fact]
    public void Without_a_null_device_to_hide_things_behind_nothing_is_started()
    {
        var dev = Directory.CreateDirectory(Path.Combine(host.Home, "dev")).FullName;
        using var running = host.Start(host.Options("true") with { Mounts = [new MountOptions { Type = "bind", Source = dev, Target = "/dev" }] });
        Assert.Contains("a mask over", running.Failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_links_of_the_image_lead_to_is_made()
    {
        Directory.CreateDirectory(Path.Combine(host.Layer, "etc"));
        File.CreateSymbolicLink(Path.Combine(host.Layer, "etc/names"), "../run/resolve/names");
        File.CreateSymbolicLink(Path.Combine(host.Layer, "spool"), "/data/spool");
        var names = Path.Combine(host.Home, "names");
        File.WriteAllText(names, "text\n");
        var options = host.Options("sh", "-c", "cat /etc/names; pwd; grep -c ' /data/spool/x ' /proc/mounts") with
        {
            WorkingDirectory = "/spool/work",
            Mounts = [new MountOptions { Type = "bind", Source = names, Target = "/etc/names" }, new MountOptions { Type = "tmpfs", Target = "/spool/x" }],
        };
        Assert.Equal(new LaunchResult(0, "text\n/data/spool/work\n1\n", "", null), host.Run(options));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Groups_that_the_container_has_made_go_with_its_own(bool frozen)
    {
        var script = "cd /sys/fs/cgroup; for h in *; do mkdir -p $h/sub/deep $h/other; done; sleep 1000 & echo $! > pids/sub/deep/cgroup.procs; echo $! > freezer/sub/deep/cgroup.procs; "
            + (frozen ? "echo FROZEN > freezer/sub/freezer.state; " : "") + "echo ready; read line";
        using var running = host.Start(host.Options("sh", "-c", script) with { Security = new SecurityOptions { Privileged = true }, Namespaces = new NamespaceOptions { Pid = NamespaceMode.Host } });
        running.ReadUntil("ready");
        Assert.Equal(2, running.Cgroup.Processes().Count); // the shell, and the sleeper in a group of its own
        await running.Cgroup.RemoveAsync(CancellationToken.None);
        Assert.Empty(Groups(running.Cgroup.Path));
        Assert.Empty(running.Cgroup.Processes());
        Assert.Equal(137, running.Finish().ExitCode);
    }

    [Fact]
    public void Groups_that_cannot_be_made_leave_nothing()
    {
        var error = Assert.Throws<TareException>(() => host.Run(host.Options("true") with { CgroupParent = host.Parent + "/memory.stat" }));
        Assert.Contains("a control file has that name", error.Message, StringComparison.Ordinal);
        Assert.Empty(Groups(host.Parent));
    }

    [Theory]
    [InlineData("/proc", "not of type proc")]
    [InlineData("/proc/sys/kernel", "inside /proc")]
    [InlineData("/x/../proc/./sys", "inside /proc")]
    [InlineData("/link", "not of type proc")]
    [InlineData("/link/sys/kernel", "inside /proc")]
    [InlineData("/dangling/y", "inside /proc")]
    [InlineData("/relative/kernel/y", "inside /proc")]
    public void Nothing_is_mounted_in_proc(string target, string why)
    {
        File.CreateSymbolicLink(Path.Combine(host.Layer, "link"), "/proc");
        File.CreateSymbolicLink(Path.Combine(host.Layer, "dangling"), "/proc/nowhere/x");
        File.CreateSymbolicLink(Path.Combine(host.Layer, "relative"), "../../link/sys");
        foreach (var mount in (MountOptions[])[new() { Type = "tmpfs", Target = target }, new() { Type = "bind", Source = host.Home, Target = target }])
        {
            var error = Assert.Throws<TareException>(() => host.Run(host.Options("true") with { Mounts = [mount] }));
            Assert.EndsWith($"cannot be mounted because it is {why}", error.Message, StringComparison.Ordinal);
        }
        Assert.Empty(Groups(host.Parent));
    }

    [Fact]
    public void Files_that_tell_of_the_host_may_be_replaced_and_proc_by_a_proc()
    {
        File.WriteAllText(Path.Combine(host.Home, "uptime"), "mine\n");
        var replaced = host.Run(host.Options("cat", "/proc/uptime") with { Mounts = [new MountOptions { Type = "bind", Source = Path.Combine(host.Home, "uptime"), Target = "/proc/uptime" }] });
        Assert.Equal("mine\n", replaced.Output);
        var whole = host.Run(host.Options("cat", $"/proc/{Environment.ProcessId}/comm") with { Mounts = [new MountOptions { Type = "bind", Source = "/proc", Target = "/proc" }] });
        Assert.Equal(File.ReadAllText("/proc/self/comm"), whole.Output);
    }

    [Fact]
    public void An_image_whose_proc_is_a_link_does_not_start()
    {
        File.CreateSymbolicLink(Path.Combine(host.Layer, "proc"), "/tmp");
        Assert.Contains("must be mounted on ordinary directory", Assert.Throws<TareException>(() => host.Run(host.Options("true"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tmpfs_has_the_mode_of_what_it_covers_unless_it_says_one()
    {
        Directory.CreateDirectory(Path.Combine(host.Layer, "root"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(host.Layer, "link"), "root");
        var script = "stat -c '%a %n' /root /new /etc /new/etc";
        MountOptions[] mounts = [new() { Type = "tmpfs", Target = "/link" }, new() { Type = "tmpfs", Target = "/new" }, new() { Type = "tmpfs", Target = "/etc", Options = ["mode=711"] }, new() { Type = "tmpfs", Target = "/new/etc" }];
        Assert.Equal("700 /root\n1777 /new\n711 /etc\n1777 /new/etc\n", host.Run(host.Options("sh", "-c", script) with { Mounts = mounts }).Output);
    }

    [Fact]
    public void Who_joins_the_IPC_namespace_shares_the_memory_and_the_queues()
    {
        var options = host.Options("sh", "-c", "echo shared > /dev/shm/x; echo > /dev/mqueue/q; echo ready; read line; cat /dev/shm/y");
        using var running = host.Start(options with { ShmSize = 1 << 20 });
        running.ReadUntil("ready");
        using var pidFd = PidFds.Open(running.Pid);
        foreach (var name in (string[])["upper2", "work2"]) Directory.CreateDirectory(Path.Combine(host.Home, name));
        var joiner = host.Options("sh", "-c", "cat /dev/shm/x; ls /dev/mqueue; echo back > /dev/shm/y; grep -E '/dev/(shm|mqueue)' /proc/self/mounts") with
        {
            Root = new RootFilesystem { Layers = [host.Layer], Upper = Path.Combine(host.Home, "upper2"), Work = Path.Combine(host.Home, "work2") },
            Namespaces = new NamespaceOptions { Ipc = NamespaceMode.Join, JoinIpc = pidFd },
        };
        Assert.Equal("shared\nq\nshm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k 0 0\nmqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime 0 0\n", host.Run(joiner).Output);
        Assert.EndsWith("back\n", running.Finish("\n").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void With_the_hosts_IPC_the_queues_are_a_filesystem_of_their_own()
    {
        var result = host.Run(host.Options("grep", "mqueue", "/proc/self/mounts") with { Namespaces = new NamespaceOptions { Ipc = NamespaceMode.Host } });
        Assert.Equal("mqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime 0 0\n", result.Output);
    }

    [Fact]
    public void Capabilities_that_cannot_be_given_are_refused()
    {
        Assert.Equal("invalid CapAdd: unknown capability: \"CAP_FOO\"", Refusal(new SecurityOptions { CapAdd = ["foo"] }));
        Assert.Equal("invalid CapDrop: unknown capability: \"CAP_FOO\"", Refusal(new SecurityOptions { Privileged = true, CapDrop = ["CAP_FOO"] }));
        var absent = Capabilities.All.FirstOrDefault(name => Capabilities.Mask([name]) == 0);
        if (absent is not null)
            Assert.Equal($"invalid CapAdd: capability not supported by your kernel or not available in the current environment: \"{absent}\"", Refusal(new SecurityOptions { CapAdd = [absent] }));

        string Refusal(SecurityOptions security) => Assert.Throws<TareException>(() => host.Run(host.Options("true") with { Security = security })).Message;
    }

    private static IEnumerable<string> Groups(string path) => Runtime.Cgroups.CgroupLayout.Host.Hierarchies.Select(hierarchy => hierarchy.Path + path).Where(Directory.Exists);
}
