using System.Net.Sockets;
using System.Text;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Runtime.Tests;

/// <summary>What is passed on of a container's messages.</summary>
public sealed class NotifySocketTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tare-test-notify-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("READY=1", true)]
    [InlineData("STATUS=x\nREADY=1\n", true)]
    [InlineData("READY=0", false)]
    [InlineData("STATUS=READY=1", false)]
    [InlineData("READY=12", false)]
    [InlineData("", false)]
    public void Being_ready_is_a_line_of_its_own(string message, bool says) => Assert.Equal(says, NotifySocket.SaysReady(Encoding.UTF8.GetBytes(message)));

    [Fact]
    public void An_engine_with_a_socket_of_its_own_is_left_alone()
    {
        var spec = new Spec { OciVersion = "1.0.0", Process = new ProcessSpec { Cwd = "/", Env = ["A=b"] }, Mounts = [new MountSpec { Destination = "/run" }] };
        Assert.True(NotifySocket.IsWanted(spec));
        Assert.False(NotifySocket.IsWanted(spec with { Mounts = [new MountSpec { Destination = "/run/notify/" }] }));
        Assert.False(NotifySocket.IsWanted(spec with { Process = spec.Process with { Env = ["NOTIFY_SOCKET=/x"] } }));
        var added = NotifySocket.AddTo(spec, "/dir");
        Assert.Equal(("/run/notify", "/dir"), (added.Mounts![1].Destination, added.Mounts[1].Source));
        Assert.Equal("NOTIFY_SOCKET=/run/notify/notify.sock", added.Process!.Env![1]);
        Assert.False(NotifySocket.IsWanted(added));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_told_is_that_it_is_ready_and_the_pid_to_watch(bool isAbstract)
    {
        var name = isAbstract ? "@" + folder : folder + "/host";
        using var host = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        host.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + folder : name));
        using var notify = new NotifySocket(folder + "/own", name, warning => Assert.Fail(warning));
        using var client = DatagramSocket.TryConnect(folder + "/own", out _)!;
        SeqPacketSocket.Send(client, "MAINPID=1"u8, [], wait: true);
        // Whoever sends a descriptor gets it closed.
        var (ours, theirs) = SeqPacketSocket.Pair();
        using (theirs) SeqPacketSocket.Send(client, "BARRIER=1"u8, [theirs], wait: true);
        SeqPacketSocket.Send(client, "READY=1\nMAINPID=1\nFDSTORE=1"u8, [], wait: true);
        using var process = PidFds.Open(Environment.ProcessId);
        notify.PassOn(process, 4711, wait: false);
        using (ours) Assert.True(Polling.WaitReadable(ours, 10_000));
        var buffer = new byte[100];
        Assert.Equal("READY=1\nMAINPID=4711\n", Encoding.UTF8.GetString(buffer, 0, host.Receive(buffer)));
        Assert.Equal(0, host.Available);
    }

    [Fact]
    public void Nobody_there_to_be_told_is_a_warning()
    {
        var said = "";
        using var notify = new NotifySocket(folder + "/own", folder + "/nobody", warning => said = warning);
        using var client = DatagramSocket.TryConnect(folder + "/own", out _)!;
        SeqPacketSocket.Send(client, "READY=1"u8, [], wait: true);
        using var process = PidFds.Open(Environment.ProcessId);
        notify.PassOn(process, 1, wait: true);
        Assert.Contains("cannot tell that the container is ready: connect to", said, StringComparison.Ordinal);
    }
}
