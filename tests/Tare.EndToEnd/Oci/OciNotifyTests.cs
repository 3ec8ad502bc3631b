using System.Net.Sockets;
using System.Text;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>NOTIFY_SOCKET (sd_notify(3)): who has started the runtime waits for the container to be ready, as a unit of systemd's does.</summary>
public sealed class OciNotifyTests(OciFixture oci) : OciTests(oci)
{
    private const string Wait = "while [ ! -e /go ]; do sleep 0.02; done; ";

    [OciFact(Crun = "the socket is bound at the path that it has on the host")]
    public async Task A_program_in_front_says_that_it_is_ready()
    {
        using Waiter waiter = new(this);
        OciBundle box = Bundle().Set("process.user.uid", 1000).Sh($"echo $NOTIFY_SOCKET; {HostileProgram.Place} notify 'STATUS=warm'; {HostileProgram.Place} notify 'MAINPID=1\nREADY=1'; {Wait}exit 3");
        await HostileProgram.AddAsync(box);
        box.Save();
        using Running run = Running.Start(OciRuntime.Program, [.. OciRuntime.Words, "--root", Fixture.Root, "run", "--bundle", box.Folder, box.Id], waiter.Environment);
        string message = await waiter.NextAsync();
        Assert.Contains("READY=1", message, StringComparison.Ordinal);
        if (OciRuntime.IsTare)
            Assert.Equal($"READY=1\nMAINPID={run.Pid}\n", message);
        await File.WriteAllTextAsync(box.Rootfs + "/go", "");
        Assert.Equal("/run/notify/notify.sock", (await run.EndAsync()).Expect(3).Text);
        await Gone(box.Id);
    }

    [OciTheory(Crun = "the socket is bound at the path that it has on the host")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_verb_that_ends_waits_until_it_was_heard(bool isRun)
    {
        using Waiter waiter = new(this);
        OciBundle box = Bundle("sh", "-c", $"{Wait}{HostileProgram.Place} notify READY=1; sleep 1000");
        await HostileProgram.AddAsync(box);
        box.Save();
        Task<Result> verb;
        if (isRun)
        {
            verb = WithSocket(waiter, box, "run", "-d", "--bundle", box.Folder, box.Id);
        }
        else
        {
            (await WithSocket(waiter, box, "create", "--bundle", box.Folder, box.Id)).Ok();
            verb = WithSocket(waiter, box, "start", box.Id);
        }
        await Eventually.TrueAsync(() => Directory.Exists(Path.Combine(Fixture.Root, box.Id)), () => "it was not created");
        await Becomes(box.Id, "running");
        Assert.False(verb.IsCompleted);
        await File.WriteAllTextAsync(box.Rootfs + "/go", "");
        string said = await waiter.NextAsync();
        while (!said.Contains("MAINPID=", StringComparison.Ordinal))
            said += await waiter.NextAsync();
        Assert.Contains($"MAINPID={await Pid(box.Id)}", said, StringComparison.Ordinal);
        // The barrier, whose descriptor is closed by taking it without room for one.
        Assert.Equal("BARRIER=1", await waiter.NextAsync());
        (await verb).Ok();
        (await Oci("delete", "--force", box.Id)).Ok();
        await Gone(box.Id);
    }

    [OciFact(Crun = "the socket is bound at the path that it has on the host")]
    public async Task A_program_that_ends_first_is_not_waited_for()
    {
        using Waiter waiter = new(this);
        OciBundle box = Bundle("true").Save();
        (await WithSocket(waiter, box, "run", "-d", "--bundle", box.Folder, box.Id)).Ok();
        Assert.Equal(0, waiter.Available);
        (await Oci("delete", "--force", box.Id)).Ok();
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare, Because = "the others do both, and which of the two sockets the program takes is left to it")]
    public async Task An_engine_that_does_it_itself_is_left_to_it()
    {
        using Waiter waiter = new(this);
        OciBundle box = Bundle("sh", "-c", "echo $NOTIFY_SOCKET; ls /run/notify").Set("process.env", OciBundle.List("PATH=/bin", "NOTIFY_SOCKET=/run/notify/engine")).Save();
        string own = Path.Combine(box.Folder, "own");
        Directory.CreateDirectory(own);
        await File.WriteAllTextAsync(Path.Combine(own, "engine"), "");
        box.Bind(own, "/run/notify").Save();
        Result result = await Running.RunAsync(OciRuntime.Program, [.. OciRuntime.Words, "--root", Fixture.Root, "run", "--bundle", box.Folder, box.Id], null, waiter.Environment);
        Assert.Equal("/run/notify/engine\nengine", result.Ok().Text);
    }

    private Task<Result> WithSocket(Waiter waiter, OciBundle box, params string[] arguments)
    {
        string[] shell = ["-c", "socket=$1 out=$2; shift 2; NOTIFY_SOCKET=$socket exec \"$@\" </dev/null >\"$out\" 2>&1", "sh", waiter.Path, Path.Combine(box.Folder, "out"), OciRuntime.Program, .. OciRuntime.Words, "--root", Fixture.Root];
        return Running.RunAsync("/bin/sh", shell.Concat(arguments));
    }

    /// <summary>The socket of the one who waits.</summary>
    private sealed class Waiter : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

        public Waiter(OciNotifyTests test)
        {
            Path = System.IO.Path.Combine(test.Fixture.Folder, "n" + test.Id());
            socket.Bind(new UnixDomainSocketEndPoint(Path));
        }

        public string Path { get; }

        public int Available => socket.Available;

        public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["NOTIFY_SOCKET"] = Path };

        public async Task<string> NextAsync()
        {
            byte[] buffer = new byte[4096];
            using CancellationTokenSource timeout = new(Eventually.Limit);
            return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, SocketFlags.None, timeout.Token));
        }

        public void Dispose()
        {
            socket.Dispose();
            File.Delete(Path);
        }
    }
}
