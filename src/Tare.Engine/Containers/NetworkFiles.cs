using System.Text;
using Tare.Linux;
using Tare.Networks.Dns.Resolvers;

namespace Tare.Engine.Containers;

/// <summary>What a container's <c>/etc/hosts</c>, <c>/etc/hostname</c> and <c>/etc/resolv.conf</c> are made from.</summary>
internal sealed record NetworkFileOptions
{
    public required string Hostname { get; init; }

    public string DomainName { get; init; } = "";

    /// <summary>The container is in the host's network: what the host has is copied.</summary>
    public bool HostNetwork { get; init; }

    /// <summary><c>name:address</c> or <c>name=address</c>.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];
}

/// <summary>Writes a container's three network files. They live in its directory and are mounted over those of its image.</summary>
internal static class NetworkFiles
{
    private const string HostHosts = "/etc/hosts";

    private static readonly string[] LocalNames =
    [
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::\tip6-localnet",
        "ff00::\tip6-mcastprefix",
        "ff02::1\tip6-allnodes",
        "ff02::2\tip6-allrouters",
    ];

    /// <summary>Writes all three below <paramref name="directory"/>.</summary>
    public static void Write(string directory, NetworkFileOptions options)
    {
        Write("hostname", HostnameFile(options));
        Write("hosts", HostsFile(options, options.HostNetwork ? ReadOrEmpty(HostHosts) : null));
        Write("resolv.conf", ResolverFile(options));

        void Write(string name, string text) => RegularFiles.Write(Path.Combine(directory, name), Encoding.UTF8.GetBytes(text));
    }

    /// <summary>One line: the name, with the domain where there is one.</summary>
    internal static string HostnameFile(NetworkFileOptions options) => FullName(options) + "\n";

    /// <summary>The file's text; <paramref name="hostFile"/> is the host's, for a container in its network.</summary>
    internal static string HostsFile(NetworkFileOptions options, string? hostFile)
    {
        var text = new StringBuilder();
        if (hostFile is null)
        {
            foreach (var line in LocalNames) text.Append(line).Append('\n');
        }
        else
        {
            text.Append(hostFile);
            if (hostFile.Length > 0 && hostFile[^1] != '\n') text.Append('\n');
        }
        foreach (var extra in options.ExtraHosts)
        {
            var (name, address) = SplitHost(extra);
            text.Append(address).Append('\t').Append(name).Append('\n');
        }
        return text.ToString();
    }

    private static string ResolverFile(NetworkFileOptions options)
    {
        var host = options.HostNetwork ? HostResolvConf.Read() : HostResolvConf.ReadReachable();
        var own = host.With(new DnsOverrides { Servers = options.Dns, Search = options.DnsSearch, Options = options.DnsOptions });
        return options.HostNetwork ? own.ForHostNetwork() : own.ForPlainNetwork(six: false);
    }

    /// <summary>Splits <c>name:address</c> or <c>name=address</c>; an IPv6 address may stand in brackets.</summary>
    internal static (string Name, string Address) SplitHost(string entry)
    {
        var cut = entry.IndexOf('=', StringComparison.Ordinal);
        if (cut < 0) cut = entry.IndexOf(':', StringComparison.Ordinal);
        if (cut < 0) return (entry, "");
        var address = entry[(cut + 1)..];
        if (address.Length > 2 && address[0] == '[' && address[^1] == ']') address = address[1..^1];
        return (entry[..cut], address);
    }

    private static string FullName(NetworkFileOptions options) =>
        options.DomainName.Length == 0 ? options.Hostname : $"{options.Hostname}.{options.DomainName}";

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }
}
