using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Resolvers;

namespace Tare.Networks.Tests.Dns;

/// <summary>A container's resolv.conf: the settings and comments were seen in containers of Docker 28.5.</summary>
public sealed class ResolvConfTests
{
    private static readonly DnsOverrides Everything = new() { Servers = ["127.0.0.1", "1.2.3.4"], Search = ["foo.bar", ".", "baz"], Options = ["ndots:2", "debug"] };

    [Theory]
    [InlineData("nameserver 10.255.255.53\n", "nameserver 10.255.255.53", "# Based on host file: '/etc/resolv.conf' (legacy)|# Overrides: []")]
    [InlineData("nameserver 127.0.0.53\nnameserver ::1\nsearch a b", "nameserver 8.8.8.8|nameserver 8.8.4.4|search a b", "# Based on host file: '/etc/resolv.conf' (legacy)|# Used default nameservers.|# Overrides: []")]
    [InlineData("nameserver fd00::53\nnameserver 127.0.0.1\nnameserver 10.0.0.1\n", "nameserver 10.0.0.1", "# Based on host file: '/etc/resolv.conf' (legacy)|# Overrides: []")]
    [InlineData("", "nameserver 8.8.8.8|nameserver 8.8.4.4", "# Based on host file: '/etc/resolv.conf' (legacy)|# Used default nameservers.|# Overrides: []")]
    public void Without_the_embedded_server(string host, string settings, string comments) => Check(Parse(host).ForPlainNetwork(six: false), settings, comments);

    [Fact]
    public void With_IPv6_its_servers_are_kept()
    {
        Check(Parse("nameserver FD00:0::53\n").ForPlainNetwork(six: true), "nameserver fd00::53", "# Based on host file: '/etc/resolv.conf' (legacy)|# Overrides: []");
        Assert.Contains("nameserver 2001:4860:4860::8844\n", Parse("").ForPlainNetwork(six: true), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_user_sets_is_left_as_it_is() =>
        Check(Parse("nameserver 9.9.9.9\nsearch x\noptions y").With(Everything).ForPlainNetwork(six: false),
            "nameserver 127.0.0.1|nameserver 1.2.3.4|search foo.bar baz|options ndots:2 debug",
            "# Based on host file: '/etc/resolv.conf' (legacy)|# Overrides: [nameservers search options]|# Option ndots from: override");

    [Fact]
    public void A_dot_alone_is_no_search() =>
        Check(Parse("nameserver 9.9.9.9\nsearch x").With(new DnsOverrides { Search = ["."] }).ForPlainNetwork(six: false), "nameserver 9.9.9.9", "# Based on host file: '/etc/resolv.conf' (legacy)|# Overrides: [search]");

    [Fact]
    public void In_the_hosts_network_it_is_the_hosts()
    {
        Check(Parse("# c\n; c\nnameserver 127.0.0.53\noptions edns0\noptions trust-ad ndots:1\ndomain a\nsearch b .\nsearch\nsortlist 1.2.3.4\nnameserver x.y").ForHostNetwork(),
            "nameserver 127.0.0.53|search b .|options edns0 trust-ad ndots:1|sortlist 1.2.3.4",
            "# Based on host file: '/etc/resolv.conf'|# Invalid nameservers: [x.y]|# Overrides: []|# Option ndots from: host");
        Check(Parse("").With(new DnsOverrides { Servers = ["127.0.0.1"], Options = ["ndots:"] }).ForHostNetwork(),
            "nameserver 127.0.0.1|options ndots:", "# Based on host file: '/etc/resolv.conf'|# Overrides: [nameservers options]|# Option ndots from: override");
    }

    [Fact]
    public void With_the_embedded_server_the_hosts_are_asked_from_the_host()
    {
        var embedded = Parse("nameserver 10.255.255.53\nnameserver 127.0.0.53\n").ForEmbeddedServer();
        Check(embedded.Text, "nameserver 127.0.0.11|options ndots:0",
            "# Based on host file: '/etc/resolv.conf' (internal resolver)|# ExtServers: [host(10.255.255.53) host(127.0.0.53)]|# Overrides: []|# Option ndots from: internal");
        Assert.Equal([Upstream("10.255.255.53", true), Upstream("127.0.0.53", true)], embedded.Upstreams.ToArray());
        Assert.False(embedded.KeepsBareNames);
    }

    [Fact]
    public void With_the_embedded_server_the_users_are_asked_from_the_container()
    {
        var embedded = Parse("nameserver 9.9.9.9").With(Everything).ForEmbeddedServer();
        Check(embedded.Text, "nameserver 127.0.0.11|search foo.bar baz|options ndots:2 debug",
            "# Based on host file: '/etc/resolv.conf' (internal resolver)|# ExtServers: [127.0.0.1 1.2.3.4]|# Overrides: [nameservers search options]|# Option ndots from: override");
        Assert.Equal([Upstream("127.0.0.1", false), Upstream("1.2.3.4", false)], embedded.Upstreams.ToArray());
        Assert.True(embedded.KeepsBareNames);
    }

    [Theory]
    [InlineData("ndots", "")]
    [InlineData("ndots:", "")]
    [InlineData("ndots:x", "")]
    [InlineData("ndots:-1", "")]
    [InlineData("ndots:x edns0", "edns0 ")]
    public void An_ndots_that_is_none_is_replaced(string options, string kept)
    {
        var embedded = Parse($"options {options}").ForEmbeddedServer();
        Check(embedded.Text, $"nameserver 127.0.0.11|options {kept}ndots:0",
            "# Based on host file: '/etc/resolv.conf' (internal resolver)|# NO EXTERNAL NAMESERVERS DEFINED|# Overrides: []|# Option ndots from: internal");
        Assert.Empty(embedded.Upstreams);
        Assert.True(embedded.KeepsBareNames);
    }

    [Fact]
    public void An_ndots_of_the_host_is_kept() => Assert.Contains("\noptions edns0 ndots:3\n", Parse("options edns0 ndots:3").ForEmbeddedServer().Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.53", true)]
    [InlineData("127.0.0.53\nnameserver 10.0.0.1", false)]
    [InlineData("127.0.0.1", false)]
    public void Behind_the_stub_of_systemd_are_the_servers_that_containers_reach(string servers, bool behind)
    {
        string Read(string path) => path == HostResolvConf.Default ? $"nameserver {servers}\n" : "nameserver 10.9.9.9\n";
        Assert.Equal(behind, HostResolvConf.ReadReachable(Read).ForPlainNetwork(six: false).Contains("# Based on host file: '/run/systemd/resolve/resolv.conf' (legacy)\n", StringComparison.Ordinal));
        Assert.Equal(behind ? "10.9.9.9" : servers.Split('\n')[0], HostResolvConf.ReadReachable(Read).Servers[0].Text);
        Assert.Equal(servers.Split('\n')[0], HostResolvConf.Read(Read).Servers[0].Text);
    }

    [Fact]
    public void The_hosts_own_file_can_be_read() => Assert.StartsWith("# Generated by Tare.", HostResolvConf.Read().ForHostNetwork(), StringComparison.Ordinal);

    [Theory]
    [InlineData("fe80::1%lo", "fe80::1%lo")]
    [InlineData("::FFFF:1.2.3.4", "::ffff:1.2.3.4")]
    [InlineData("1.2.3", null)]
    [InlineData("01.2.3.4", null)]
    [InlineData("0x7f.0.0.1", null)]
    [InlineData("1", null)]
    [InlineData("[::1]", null)]
    [InlineData("::1/64", null)]
    [InlineData("1.2.3.4:53", null)]
    [InlineData("", null)]
    public void Addresses_are_strict(string text, string? written) => Assert.Equal(written, Nameserver.TryParse(text)?.Text);

    [Fact]
    public void A_server_that_is_no_address_is_refused()
    {
        var error = Assert.Throws<TareException>(() => Parse("").With(new DnsOverrides { Servers = ["nonsense"] }));
        Assert.StartsWith("bad nameserver address nonsense: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
    }

    [Fact]
    public void No_text_breaks_it_and_what_is_written_is_read_again() =>
        Prop.ForAll<string[], string>((lines, tail) =>
        {
            var words = (string[])["nameserver", "search", "options", "domain", "#", "nameserver 1.2.3.4"];
            var text = string.Join('\n', lines.Select((line, i) => $"{words[i % words.Length]} {line}")) + tail;
            var first = Parse(text);
            var again = Parse(first.ForHostNetwork());
            return first.Servers.SequenceEqual(again.Servers) && first.Search.SequenceEqual(again.Search) && first.Options.SequenceEqual(again.Options)
                && first.Others.SequenceEqual(again.Others);
        }).QuickCheckThrowOnFailure();

    private static ResolvConf Parse(string text) => ResolvConf.Parse(text, "/etc/resolv.conf");

    private static DnsUpstream Upstream(string address, bool fromHost) => new(new IPEndPoint(IPAddress.Parse(address), 53), fromHost);

    private static void Check(string text, string settings, string comments) => Assert.Equal(
        "# Generated by Tare. This file can be edited; it is written anew when the container starts.\n\n" + settings.Replace('|', '\n') + "\n\n" + comments.Replace('|', '\n') + "\n",
        text);
}
