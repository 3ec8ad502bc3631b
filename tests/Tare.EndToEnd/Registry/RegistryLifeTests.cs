using System.Security.Cryptography;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registry;

namespace Tare.EndToEnd.Registry;

/// <summary>Stopping, killing, collecting, and the commands of the operator.</summary>
[Collection("registry")]
public sealed class RegistryLifeTests
{
    [Fact]
    public async Task A_killed_server_leaves_nothing_and_an_upload_goes_on()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        byte[] content = RandomNumberGenerator.GetBytes(2_000_000);
        string digest = ImageArchive.Digest(content);
        string file = Path.Combine(server.Folder, "blob");
        await File.WriteAllBytesAsync(file, content[..1_000_000]);
        string location = (await server.Curl("-X", "POST", "-o", "/dev/null", "-w", "%header{location}", server.Url + "/v2/a/blobs/uploads/")).Ok().Text;
        Assert.Equal(202, await server.StatusAsync(location, "-X", "PATCH", "-H", "Content-Type: application/octet-stream", "--data-binary", "@" + file));
        // A second one is under way at the moment of the kill.
        using Running slow = Running.Start("curl", ["-sS", "--limit-rate", "50k", "--data-binary", "@" + file, "-H", "Content-Type: application/octet-stream", $"{server.Url}/v2/a/blobs/uploads/?digest={digest}"]);
        await Eventually.TrueAsync(() => Directory.EnumerateFiles(Path.Combine(server.Root, "uploads")).Count() == 2, () => "the second upload did not begin");
        server.Kill();
        await slow.EndAsync();
        await server.StartAgainAsync();
        await File.WriteAllBytesAsync(file, content[1_000_000..]);
        Assert.Equal(201, await server.StatusAsync($"{location}?digest={digest}", "-X", "PUT", "-H", "Content-Range: 1000000-1999999", "-H", "Content-Type: application/octet-stream", "--data-binary", "@" + file));
        Assert.Equal(content, (await server.Curl($"{server.Url}/v2/a/blobs/{digest}")).Ok().OutBytes);
        Assert.Equal(0, await server.StopAsync());
        // Uploads that nobody goes on with expire; the others' files are blobs now.
        await server.StartAgainAsync();
        Assert.Single(Directory.EnumerateFiles(Path.Combine(server.Root, "blobs"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Requests_that_are_under_way_end_before_the_server()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        byte[] content = RandomNumberGenerator.GetBytes(12_000_000);
        string digest = ImageArchive.Digest(content);
        string file = Path.Combine(server.Folder, "blob");
        await File.WriteAllBytesAsync(file, content);
        Assert.Equal(201, await server.StatusAsync($"/v2/a/blobs/uploads/?digest={digest}", "-X", "POST", "-H", "Content-Type: application/octet-stream", "--data-binary", "@" + file));
        using Running slow = Running.Start("curl", ["-sS", "--limit-rate", "6M", "-o", file + ".back", $"{server.Url}/v2/a/blobs/{digest}"]);
        await Eventually.TrueAsync(() => File.Exists(file + ".back") && new FileInfo(file + ".back").Length > 0, () => "the download did not begin");
        server.Signal(Processes.SIGTERM);
        (await slow.EndAsync()).Ok();
        Assert.Equal(content, await File.ReadAllBytesAsync(file + ".back"));
        Assert.Equal(0, await server.StopAsync());
        Assert.False(File.Exists(Path.Combine(server.Root, "control.sock")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Garbage_is_collected_on_command_with_a_server_and_without(bool running)
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync(_ => ["--gc-grace", "0s"]);
        Assert.Equal(201, await server.StatusAsync($"/v2/a/blobs/uploads/?digest={ImageArchive.Digest("x"u8.ToArray())}", "-X", "POST", "-H", "Content-Type: application/octet-stream", "-d", "x"));
        if (!running) Assert.Equal(0, await server.StopAsync());
        Assert.Contains("1 blobs (1 bytes)", (await server.Tare("gc", "--root", server.Root, "--gc-grace", "0s")).Ok().Out);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Root, "blobs"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Two_servers_do_not_share_a_root()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        Result second = await server.Tare("serve", "--root", server.Root, "--listen", "127.0.0.1:0");
        Assert.Equal(1, second.Code);
        Assert.Contains("another registry is running on the root", second.Err);
    }

    [Theory]
    [InlineData("--tls-cert", "/nonexistent", "both --tls-cert and --tls-key")]
    [InlineData("--htpasswd", "/nonexistent", "tare registry user add")]
    [InlineData("--config", "/nonexistent", "cannot be read")]
    [InlineData("--listen", "nowhere", "ADDRESS:PORT")]
    [InlineData("--auth", "token", "needs users")]
    public async Task Wrong_options_are_told(string option, string value, string text)
    {
        string root = Path.Combine(Path.GetTempPath(), "tare-e2e-" + Path.GetRandomFileName());
        Result result = await Running.RunAsync(Setup.Tare, ["registry", "serve", "--root", root, option, value]);
        Assert.Equal(1, result.Code);
        Assert.Contains(text, result.Err);
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task Users_are_listed_and_their_passwords_are_not_written()
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-").FullName;
        string file = Path.Combine(folder, "htpasswd");
        Assert.Equal("added alice", (await Running.RunAsync(Setup.Tare, ["registry", "user", "add", "alice", "--htpasswd", file], "a secret\n"u8.ToArray())).Ok().Text);
        Assert.Equal("alice", (await Running.RunAsync(Setup.Tare, ["registry", "user", "list", "--htpasswd", file])).Ok().Text);
        Assert.DoesNotContain("secret", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Equal(1, (await Running.RunAsync(Setup.Tare, ["registry", "user", "add", "bob", "--htpasswd", file])).Code);
        (await Running.RunAsync(Setup.Tare, ["registry", "user", "rm", "alice", "--htpasswd", file])).Ok();
        Assert.Equal("", (await Running.RunAsync(Setup.Tare, ["registry", "user", "list", "--htpasswd", file])).Ok().Text);
        Directory.Delete(folder, recursive: true);
    }
}
