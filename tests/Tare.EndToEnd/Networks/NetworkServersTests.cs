using System.Diagnostics;
using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd.Networks;

/// <summary>Servers that people run, of the distribution's packages: nginx before a web server, and PostgreSQL.</summary>
public sealed class NetworkServersTests : OwnDaemonTests
{
    private const string Servers = "tare-test/servers:latest";

    /// <summary>A proxy that looks its back end up once, when it starts.</summary>
    private const string Proxy = """
        mkdir -p /var/log/nginx /var/lib/nginx
        echo "user root; daemon off; pid /tmp/pid; error_log stderr; events {}
        http { access_log /dev/stdout; server { listen 80; listen [::]:80; location / { proxy_pass http://app:8000; proxy_set_header Who \$remote_addr; add_header Who \$remote_addr; } } }" >/tmp/nginx.conf
        exec nginx -e stderr -c /tmp/nginx.conf
        """;

    private const string Database = """
        set -e
        [ -d /tmp/data ] || initdb -D /tmp/data -U postgres -A trust -E UTF8 --locale=C -N >/dev/null && echo 'host all all all trust' >>/tmp/data/pg_hba.conf
        exec postgres -D /tmp/data -k /tmp -c listen_addresses='*' -c fsync=off
        """;

    [TareFact]
    public Task Nginx_is_a_proxy_before_a_server_that_it_finds_by_name() => WithServers(async (hosts, own) =>
    {
        await own.Ok("network", "create", "front");
        await own.Ok("network", "create", "--internal", "back");
        // It does not start where the name is not there, as its users know.
        Result alone = await own.Tare("run", "--rm", "--network", "front", Servers, "sh", "-c", Proxy);
        Assert.NotEqual(0, alone.Code);
        Assert.Contains("host not found in upstream \"app\"", alone.Err, StringComparison.Ordinal);

        await own.Ok("run", "-d", "--name", "application", "--network", "back", "--network-alias", "app", Servers, "sh", "-c", "mkdir /www; echo of the application >/www/index.html; exec httpd -f -p 8000 -h /www");
        await own.Ok("run", "-d", "--name", "proxy", "--network", "front", "--network", "back", "-p", "80:80", Servers, "sh", "-c", Proxy);
        await Eventually.EqualAsync("of the application", async () => (await hosts.OnOutsideAsync("curl", "-sS", $"http://{TwoHosts.Inside4}/")).Text);
        foreach ((string host, string client) in new[] { (TwoHosts.Inside4, TwoHosts.Outside4) })
            Assert.Contains($"Who: {client}\r\n", (await hosts.OnOutsideAsync("curl", "-sSi", $"http://{host}/")).Ok().Out, StringComparison.Ordinal);
        Assert.Contains($"{TwoHosts.Outside4} - - [", await own.Ok("logs", "proxy"), StringComparison.Ordinal);
        // The proxy alone can be reached.
        Assert.NotEqual(0, (await hosts.OnOutsideAsync("curl", "-sS", "--connect-timeout", "1", $"http://{TwoHosts.Inside4}:8000/")).Code);

        // Many at a time, while the daemon is killed and comes back.
        Task<Result[]> many = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => hosts.OnOutsideAsync("curl", "-sSf", "-o", "/dev/null", $"http://{TwoHosts.Inside4}/?[1-500]")));
        own.Daemon.KillDaemon();
        await own.Daemon.StartAgainAsync();
        Assert.All(await many, result => result.Ok());
    });

    [TareFact]
    public Task Postgres_is_reached_by_name_and_by_its_port() => WithServers(async (_, own) =>
    {
        await own.Ok("network", "create", "back");
        await own.Ok("run", "-d", "--name", "db", "--network", "back", "--user", "1000", "-p", "127.0.0.1:5432:5432", Servers, "sh", "-c", Database);
        Task<Result> Query(string host, string network, string sql) => own.Tare("run", "--rm", "--network", network, Servers, "psql", "-h", host, "-U", "postgres", "-Atc", sql);
        await Eventually.EqualAsync("1", async () => (await Query("db", "back", "SELECT 1")).Text);
        await own.Ok("run", "--rm", "--network", "back", Servers, "psql", "-h", "db", "-U", "postgres", "-c", "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n");
        Assert.Equal("5000050000", (await Query("db", "back", "SELECT sum(n) FROM t")).Ok().Text);
        // The name of the network is one that PostgreSQL itself sees the client's address of.
        string subnet = await own.Ok("network", "inspect", "-f", "{{range .IPAM.Config}}{{.Subnet}}{{end}}", "back");
        Assert.Equal("t", (await Query("db", "back", $"SELECT inet_client_addr() << '{subnet}'")).Ok().Text);
        // From the host, by the port; the server sees the bridge's address.
        Assert.Equal("5000050000", (await Query("127.0.0.1", "host", "SELECT sum(n) FROM t")).Ok().Text);

        // A connection that is open stays so without a daemon, and new ones are made.
        using Running session = own.Start("run", "-i", "--rm", "--network", "back", "--name", "session", Servers, "psql", "-h", "db", "-U", "postgres", "-At");
        await session.WriteAsync("SELECT 'before';\n");
        await session.SeeAsync("before");
        own.Daemon.KillDaemon();
        await own.Daemon.StartAgainAsync();
        Assert.Equal("1", await own.Ok("exec", "db", "psql", "-h", "db", "-U", "postgres", "-Atc", "SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL AND pid <> pg_backend_pid()"));
        Assert.Equal("5000050000", (await Query("db", "back", "SELECT sum(n) FROM t")).Ok().Text);
        await own.Ok("rm", "-f", "session");
    });

    private static async Task WithServers(Func<TwoHosts, Own, Task> work)
    {
        string cache = Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } folder ? folder : Path.Combine(Environment.GetEnvironmentVariable("HOME")!, ".cache"), "tare-test", "servers-1.tar");
        Assert.True(File.Exists(cache), $"{cache} is missing: run `scripts/need test`");
        Stopwatch watch = Stopwatch.StartNew();
        using TwoHosts hosts = await TwoHosts.StartAsync();
        await WithDaemon(
            async own =>
            {
                ImageArchive image = new() { Layers = { BaseImage.BusyboxLayer, await File.ReadAllBytesAsync(cache) }, Variables = ["PATH=/bin:/usr/sbin:/usr/lib/postgres"] };
                using MemoryStream archive = new(image.Docker(Servers));
                Assert.Equal(200, (await own.Api.LoadAsync(archive)).Status);
                double loaded = watch.Elapsed.TotalSeconds;
                await work(hosts, own);
                Note.Write(string.Create(CultureInfo.InvariantCulture, $"networks: servers were loaded in {loaded:F1} s and used for {watch.Elapsed.TotalSeconds - loaded:F1} s"));
            },
            within: hosts.Inside);
    }
}
