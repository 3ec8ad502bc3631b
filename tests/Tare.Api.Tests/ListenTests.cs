using System.Net;
using System.Net.Sockets;
using Tare.Api.Hosting;
using Tare.Errors;

namespace Tare.Api.Tests;

public sealed class ListenTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("tare-listen-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("unix:///run/x.sock", "unix:///run/x.sock")]
    [InlineData(" unix:// ", "unix:///var/run/docker.sock")]
    [InlineData("tcp://", "tcp://127.0.0.1:2375")]
    [InlineData("tcp://0.0.0.0:1", "tcp://0.0.0.0:1")]
    [InlineData("tcp://[::1]:77", "tcp://[::1]:77")]
    [InlineData("tcp://:77", "tcp://127.0.0.1:77")]
    [InlineData("127.0.0.2:80", "tcp://127.0.0.2:80")]
    public void Addresses_are_understood(string text, string expected) => Assert.Equal(expected, ListenAddress.Parse(text).ToString());

    [Theory]
    [InlineData("fd://", "systemd")]
    [InlineData("npipe:////./pipe/x", "Windows")]
    [InlineData("http://x", "unsupported proto 'http'")]
    [InlineData("tcp://a/b", "path element")]
    [InlineData("tcp://127.0.0.1:0", "invalid port: 0")]
    [InlineData("tcp://127.0.0.1:99999", "invalid port: 99999")]
    [InlineData("unix://tcp://x", "invalid unix address: tcp://x")]
    [InlineData("unix:///aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "at most 107 bytes")]
    public void What_is_no_address_is_refused(string text, string reason)
    {
        var error = Assert.Throws<TareException>(() => ListenAddress.Parse(text));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("invalid bind address (", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_socket_is_for_owner_and_group_alone()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(server.SocketPath));
    }

    [Fact]
    public async Task Several_addresses_at_once_and_all_gone_afterwards()
    {
        var port = FreePort();
        var sockets = new[] { Path.Combine(directory, "a"), Path.Combine(directory, "sub", "b") };
        var bound = new TaskCompletionSource<IReadOnlyList<string>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var warnings = new List<string>();
        using var stop = new CancellationTokenSource();
        var options = new ApiOptions
        {
            Hosts = [.. sockets.Select(path => "unix://" + path), "unix://" + sockets[0], $"tcp://127.0.0.1:{port}"],
            Listening = bound.SetResult,
            Log = (_, line) => warnings.Add(line),
        };
        var running = ApiServer.RunAsync(new FakeBackends().All, ServerFixture.Poller, options, stop.Token);
        Assert.Equal(3, (await bound.Task.WaitAsync(TimeSpan.FromSeconds(10))).Count);
        Assert.Contains("without encryption", Assert.Single(warnings), StringComparison.Ordinal);

        using var http = new HttpClient();
        Assert.Equal("OK", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/_ping")));
        foreach (var path in sockets)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        }

        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.All(sockets, path => Assert.False(Path.Exists(path)));
    }

    [Fact]
    public async Task A_socket_that_was_left_behind_is_replaced()
    {
        var path = Path.Combine(directory, "s");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.CreateSymbolicLink(Path.Combine(directory, "keep"), path);
            File.Move(path, path + ".old");
        }

        File.Move(path + ".old", path);
        Assert.Equal(Linux.FileKind.Socket, Linux.FileFacts.KindOf(path));
        Assert.Null(await TryRunAsync("unix://" + path));
    }

    [Fact]
    public async Task A_socket_that_is_in_use_is_not_taken()
    {
        await using var server = await ServerFixture.StartAsync();
        var error = await TryRunAsync("unix://" + server.SocketPath);
        Assert.Equal(ErrorKind.Conflict, Assert.IsType<TareException>(error).Kind);
        Assert.Equal(200, (await server.SendAsync("GET", "/_ping")).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_no_socket_is_not_deleted(bool isDirectory)
    {
        var path = Path.Combine(directory, "f");
        if (isDirectory)
            Directory.CreateDirectory(path);
        else
            await File.WriteAllTextAsync(path, "");
        Assert.Equal(ErrorKind.Conflict, Assert.IsType<TareException>(await TryRunAsync("unix://" + path)).Kind);
        Assert.True(Path.Exists(path));
    }

    [Fact]
    public async Task When_one_address_fails_none_is_left_listening()
    {
        var path = Path.Combine(directory, "s");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var error = await TryRunAsync("unix://" + path, $"tcp://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");

        Assert.Contains("failed to listen on tcp://127.0.0.1", Assert.IsType<TareException>(error).Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(path));
    }

    [Fact]
    public async Task No_address_is_an_error() => Assert.IsType<TareException>(await TryRunAsync());

    [Fact]
    public void Groups_are_found_by_name_and_number()
    {
        var file = Path.Combine(directory, "group");
        File.WriteAllText(file, "root:x:0:\ntare:x:77:a,b\nbroken\nodd:x:nan:\n");
        Assert.Equal(77u, SocketGroups.Find(null, file));
        Assert.Equal(0u, SocketGroups.Find("root", file));
        Assert.Equal(4711u, SocketGroups.Find("4711", file));
        Assert.Contains("group odd not found", Assert.Throws<TareException>(() => SocketGroups.Find("odd", file)).Message, StringComparison.Ordinal);
        File.AppendAllText(file, "docker:x:78:\n");
        Assert.Equal(78u, SocketGroups.Find("", file));
        Assert.Null(SocketGroups.Find(null, file + ".none"));
    }

    /// <summary>Runs a server until it listens, and stops it; gives what went wrong.</summary>
    private static async Task<Exception?> TryRunAsync(params string[] hosts)
    {
        using var stop = new CancellationTokenSource();
        var options = new ApiOptions { Hosts = hosts, Listening = _ => stop.Cancel() };
        return await Record.ExceptionAsync(() => ApiServer.RunAsync(new FakeBackends().All, ServerFixture.Poller, options, stop.Token).WaitAsync(TimeSpan.FromSeconds(10)));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
