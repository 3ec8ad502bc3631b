using System.Text;
using Tare.Linux;

namespace Tare.Engine.Containers;

/// <summary>What a container's <c>/etc/hosts</c>, <c>/etc/hostname</c> and <c>/etc/resolv.conf</c> are made from.</summary>
internal sealed record NetworkFileOptions
{
    public required string Hostname { get; init; }

    public string DomainName { get; init; } = "";

    /// <summary>The container is in the host's network: what the host has is copied.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>The container's own addresses.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Addresses of other containers, with their names.</summary>
    public IReadOnlyList<(string Address, string Names)> Links { get; init; } = [];

    /// <summary><c>name:address</c> or <c>name=address</c>.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    /// <summary>The text of <c>/etc/resolv.conf</c>.</summary>
    public required string ResolvConf { get; init; }
}

/// <summary>Writes a container's three network files. They live in its directory and are mounted over those of its image: they are written in place.</summary>
internal static class NetworkFiles
{
    private const string HostHosts = "/etc/hosts";
    private const long MaxHosts = 1 << 20;

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
        Write("resolv.conf", options.ResolvConf);

        void Write(string name, string text) => NetworkFiles.Write(directory, name, text);
    }

    /// <summary>Puts the lines of other addresses in the place of those that the container had. Its own changes of the file stay.</summary>
    public static void ReplaceAddresses(string directory, string hostname, string domainName, IReadOnlyList<string> addresses)
    {
        var file = new FileInfo(Path.Combine(directory, "hosts"));
        // The container may write what it likes: what is no list of hosts any more is left alone.
        if (file is { Exists: true, Length: > MaxHosts }) return;
        var text = ReadOrEmpty(file.FullName);
        var names = NamesOf(hostname, domainName);
        var kept = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.EndsWith("\t" + names, StringComparison.Ordinal));
        Write(directory, "hosts", string.Concat(kept.Concat(addresses.Select(address => $"{address}\t{names}")).Select(line => line + "\n")));
    }

    /// <summary>Puts another text in the place of <c>/etc/resolv.conf</c>.</summary>
    public static void ReplaceResolvConf(string directory, string text)
    {
        Write(directory, "resolv.conf", text);
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
        foreach (var (address, names) in options.Links) text.Append(address).Append('\t').Append(names).Append('\n');
        foreach (var address in options.Addresses) text.Append(address).Append('\t').Append(NamesOf(options.Hostname, options.DomainName)).Append('\n');
        return text.ToString();
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

    /// <summary>The names by which a container finds itself.</summary>
    private static string NamesOf(string hostname, string domainName) => domainName.Length == 0 ? hostname : $"{hostname}.{domainName} {hostname}";

    private static void Write(string directory, string name, string text) => RegularFiles.Write(Path.Combine(directory, name), Encoding.UTF8.GetBytes(text));

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
