using System.Text.RegularExpressions;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registry;

namespace Tare.EndToEnd.Registry;

/// <summary>A daemon and our own registry: as its mirror, as a part of it, behind certificates, and between it and the clients that need no daemon.</summary>
public sealed partial class RegistryDaemonTests : OwnDaemonTests
{
    [TareFact]
    public async Task A_mirror_of_Docker_Hub_is_asked_first_and_keeps_what_it_fetched()
    {
        await using RegistryServer upstream = await RegistryServer.StartAsync(RegistryKind.DockerRegistry, users: false);
        await using RegistryProcess mirror = await RegistryProcess.StartAsync(folder => Upstream(folder, "", upstream.Host));
        await WithDaemon(
            async own =>
            {
                Assert.Contains(mirror.Url, await own.Ok("info", "-f", "{{.RegistryConfig.Mirrors}}"), StringComparison.Ordinal);
                await PushAsync(own, $"{upstream.Host}/library/mirrored:1");
                Assert.Matches(
                    @"^1: Pulling from library/mirrored\n(.*\n)*Status: Downloaded newer image for mirrored:1\ndocker.io/library/mirrored:1$", await own.Ok("pull", "mirrored:1"));
                await Eventually.TrueAsync(() => mirror.AccessLog.Contains("/v2/library/mirrored/manifests/1", StringComparison.Ordinal), () => $"the mirror was not asked:\n{mirror.AccessLog}");
                await own.Ok("rmi", "mirrored:1");
                await upstream.StopAsync();
                Assert.Equal("from the mirror", await own.Ok("run", "--rm", "-q", "--network", "none", "mirrored:1", "echo", "from the mirror"));
                await own.Ok("rmi", "mirrored:1");
            },
            options: ["--registry-mirror", mirror.Url]);
    }

    [TareFact]
    public async Task A_mirror_of_another_registry()
    {
        await using RegistryProcess mirror = await RegistryProcess.StartAsync();
        await WithDaemon(
            async own =>
            {
                await PushAsync(own, $"{mirror.Host}/team/app:1");
                // The registry itself does not exist: only its mirror can have answered.
                await own.Ok("pull", "-q", "registry.invalid/team/app:1");
                Assert.Equal("here", await own.Ok("run", "--rm", "--network", "none", "registry.invalid/team/app:1", "echo", "here"));
                await own.Ok("rmi", "registry.invalid/team/app:1");
            },
            options: ["--registry-mirror", "registry.invalid=" + mirror.Url]);
    }

    [TareFact]
    public async Task A_daemon_serves_a_registry_when_it_is_told_to() => await WithDaemon(
        async own =>
        {
            string first = Host(own);
            await PushAsync(own, $"{first}/app:1");
            Assert.Equal("""{"repositories":["app"]}""", (await Running.RunAsync("curl", ["-sS", $"http://{first}/v2/_catalog"])).Ok().Text);
            await own.Daemon.StopDaemonAsync();
            await own.Daemon.StartAgainAsync();
            string second = Host(own);
            await own.Ok("pull", "-q", $"{second}/app:1");
            await own.Ok("rmi", $"{second}/app:1");
            Assert.NotEqual(0, (await own.Tare("daemon", "--data-root", own.Daemon.DataRoot + "-2", "--exec-root", own.Daemon.ExecRoot + "-2", "-H", own.Daemon.Host + "-2", "--registry", second)).Code);
            Directory.Delete(own.Daemon.DataRoot + "-2", recursive: true);
            Directory.Delete(own.Daemon.ExecRoot + "-2", recursive: true);
        },
        options: ["--registry", "127.0.0.1:0"]);

    [TareFact]
    public async Task The_registry_of_a_daemon_has_users()
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-").FullName;
        IReadOnlyList<string> users = [.. Users.Prepare(folder, "token").Select(word => word.StartsWith("--", StringComparison.Ordinal) ? "--registry-" + word[2..] : word)];
        await WithDaemon(
            async own =>
            {
                string image = Host(own) + "/team/app:1";
                await own.Ok("tag", Image, image);
                Assert.NotEqual(0, (await own.Tare("push", "-q", image)).Code);
                string config = Path.Combine(folder, "config");
                string[] alice = Users.Alice.Split(':');
                (await own.Tare(System.Text.Encoding.UTF8.GetBytes(alice[1] + "\n"), "--config", config, "login", "-u", alice[0], "--password-stdin", Host(own))).Ok();
                await own.Ok("--config", config, "push", "-q", image);
                await own.Ok("rmi", image);
                await own.Ok("--config", config, "pull", "-q", image);
                await own.Ok("rmi", image);
            },
            options: ["--registry", "127.0.0.1:0", .. users]);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Loopback needs no certificates: this is about an address that does.</summary>
    [TareFact]
    public async Task Certificates_of_authorities_and_clients_are_those_of_certs_d()
    {
        using IsolatedHost host = await IsolatedHost.StartAsync();
        await using RegistryProcess server = await RegistryProcess.StartAsync(
            folder =>
            {
                Certificates.Write(folder, IsolatedHost.Address);
                return ["--tls-cert", $"{folder}/server.pem", "--tls-key", $"{folder}/server-key.pem", "--tls-client-ca", $"{folder}/ca.crt"];
            },
            host);
        await WithDaemon(
            async own =>
            {
                string image = server.Host + "/app:1";
                await own.Ok("tag", Image, image);
                Result unknown = (await own.Tare("push", "-q", image)).Expect(1);
                Assert.Contains("certificate", unknown.Err, StringComparison.Ordinal);
                Assert.Contains($"certs.d/{server.Host}/ca.crt", unknown.Err, StringComparison.Ordinal);

                // They are looked for anew each time: nobody restarts a daemon for a certificate.
                string certificates = Path.Combine(host.Etc, "docker/certs.d", server.Host);
                Directory.CreateDirectory(certificates);
                File.Copy(Path.Combine(server.Folder, "ca.crt"), Path.Combine(certificates, "ca.crt"));
                (await own.Tare("push", "-q", image)).Expect(1);
                foreach (string file in new[] { "client.cert", "client.key" })
                    File.Copy(Path.Combine(server.Folder, file), Path.Combine(certificates, file));
                await own.Ok("push", "-q", image);
                await own.Ok("rmi", image);
                await own.Ok("pull", "-q", image);
                await own.Ok("rmi", image);

                File.Delete(Path.Combine(certificates, "client.key"));
                Result missing = (await own.Tare("pull", "-q", image)).Expect(1);
                Assert.Contains("missing key", missing.Err, StringComparison.Ordinal);
                Assert.Contains("client.cert", missing.Err, StringComparison.Ordinal);
            },
            within: host);
    }

    [TareFact]
    public async Task A_registry_without_encryption_is_used_when_it_is_named()
    {
        using IsolatedHost host = await IsolatedHost.StartAsync();
        await using RegistryProcess server = await RegistryProcess.StartAsync(within: host);
        await WithDaemon(
            async own =>
            {
                await own.Ok("tag", Image, server.Host + "/app:1");
                Assert.Contains("server gave HTTP response to HTTPS client", (await own.Tare("push", "-q", server.Host + "/app:1")).Expect(1).Err, StringComparison.Ordinal);
                await own.Daemon.StopDaemonAsync();
                await own.Daemon.StartAgainAsync(["--insecure-registry", "192.0.2.0/24"]);
                await own.Ok("push", "-q", server.Host + "/app:1");
                await own.Ok("rmi", server.Host + "/app:1");
                await own.Ok("pull", "-q", server.Host + "/app:1");
                await own.Ok("rmi", server.Host + "/app:1");
            },
            within: host);
    }

    /// <summary>What a daemon has pushed skopeo and buildah pull, and what they push a daemon runs.</summary>
    [TareTheory]
    [InlineData(nameof(RegistryKind.DockerRegistry))]
    [InlineData(nameof(RegistryKind.Tare))]
    public async Task Images_go_between_daemon_skopeo_and_buildah(string kind)
    {
        await using RegistryServer server = await RegistryServer.StartAsync(Enum.Parse<RegistryKind>(kind), users: false);
        await WithDaemon(async own =>
        {
            string folder = Path.Combine(own.Daemon.Folder, "others");
            Buildah buildah = new(folder);
            await PushAsync(own, $"{server.Host}/from/daemon:1");
            (await Running.RunAsync("skopeo", ["--insecure-policy", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", $"docker://{server.Host}/from/daemon:1", $"docker://{server.Host}/from/skopeo:1"])).Ok();
            Assert.Equal("from skopeo", await own.Ok("run", "--rm", "-q", "--network", "none", $"{server.Host}/from/skopeo:1", "echo", "from skopeo"));

            string container = (await buildah.Run("from", "-q", "--tls-verify=false", $"{server.Host}/from/daemon:1")).Ok().Text;
            Assert.Equal("box", (await buildah.Run("run", container, "sh", "-c", "echo made >/made; echo box")).Ok().Text);
            (await buildah.Run("commit", "-q", container, "made")).Ok();
            (await buildah.Run("push", "-q", "--tls-verify=false", "made", $"docker://{server.Host}/from/buildah:1")).Ok();
            Assert.Equal("made", await own.Ok("run", "--rm", "-q", "--network", "none", $"{server.Host}/from/buildah:1", "cat", "/made"));
            await own.Ok("rmi", $"{server.Host}/from/skopeo:1", $"{server.Host}/from/buildah:1");
        });
    }

    private static async Task PushAsync(Own own, string image)
    {
        await own.Ok("tag", Image, image);
        await own.Ok("push", "-q", image);
        await own.Ok("rmi", image);
    }

    private static IEnumerable<string> Upstream(string folder, string prefix, string registry)
    {
        string config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, $$"""{"upstreams":[{"prefix":"{{prefix}}","registry":"{{registry}}","fresh":"0s"}]}""");
        return ["--config", config];
    }

    /// <summary>Where the daemon's registry listens.</summary>
    private static string Host(Own own) => Listens().Match(own.Daemon.Log).Groups[1].Value;

    [GeneratedRegex(@"registry listen on (?:https?://)?([^ ""]+)")]
    private static partial Regex Listens();
}
