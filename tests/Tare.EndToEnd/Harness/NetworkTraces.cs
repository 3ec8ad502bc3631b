using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// What of a daemon's networks there is in the kernel, in its keeper and in its database, against what its API says that there is: each that
/// nobody claims is a complaint, and so is each that is missing.
/// </summary>
internal sealed partial class NetworkTraces
{
    /// <summary>Namespaces that the daemon makes ahead, with one that is under way.</summary>
    private const int NamespacesAhead = 10;

    private readonly Daemon daemon;
    private readonly EngineApi api;
    private readonly string engine;
    private readonly int socketsAtRest;

    private NetworkTraces(Daemon daemon, EngineApi api, string engine, int socketsAtRest) =>
        (this.daemon, this.api, this.engine, this.socketsAtRest) = (daemon, api, engine, socketsAtRest);

    /// <summary>The table of its packet filter.</summary>
    public string Table => "tare-" + engine[..8];

    /// <summary>Begins while the daemon has no network of its own yet.</summary>
    public static async Task<NetworkTraces> BeginAsync(Daemon daemon, EngineApi api) =>
        new(daemon, api, (string)(await api.GetAsync("info"))["ID"]!, Sockets(daemon.KeeperPid).Count);

    /// <summary>Waits until there is nothing to complain of: devices go with their namespaces, which the kernel removes in its own time.</summary>
    public Task AreRightAsync() => Eventually.EqualAsync("", async () => string.Join('\n', await ComplaintsAsync()));

    /// <summary>Waits until no bridge, cable, element or socket is there at all, but for the default bridge's.</summary>
    public async Task AreGoneAsync()
    {
        await AreRightAsync();
        Assert.Empty(await api.ContainersAsync());
        Assert.DoesNotContain((JsonArray)await api.GetAsync("networks"), network => (string)network!["Name"]! is not ("bridge" or "host" or "none"));
    }

    private async Task<List<string>> ComplaintsAsync()
    {
        List<string> complaints = [];
        Claims claims = await Claims.OfAsync(api);
        (HashSet<string> bridges, HashSet<string> cables) = await DevicesAsync(complaints);
        Compare("bridge of the network", bridges, claims.NetworkIds, complaints, mayMiss: claims.DefaultNetwork);
        Compare("cable of the endpoint", cables, claims.Endpoints, complaints);
        await FilterAsync(claims, bridges, complaints);
        Compare("socket of the port", Listening(daemon.KeeperPid), claims.Sockets, complaints);
        bool filtered = await HasTableAsync();
        int sockets = Sockets(daemon.KeeperPid).Count, wanted = socketsAtRest + (filtered ? 1 : 0) + claims.Sockets.Count + 2 * claims.Named;
        if (sockets != wanted) complaints.Add($"the keeper has {sockets} sockets and should have {wanted}");
        int keeperNamespaces = Namespaces(daemon.KeeperPid).Count;
        if (keeperNamespaces > 0) complaints.Add($"the keeper holds {keeperNamespaces} network namespaces");
        int ahead = Namespaces(daemon.Pid).Except(claims.Namespaces).Count();
        if (ahead > NamespacesAhead) complaints.Add($"the daemon holds {ahead} network namespaces of no container");
        string rows = await UnfinishedRowsAsync();
        if (rows.Length > 0) complaints.Add("unfinished rows: " + rows);
        return complaints;
    }

    private async Task<(HashSet<string> Bridges, HashSet<string> Cables)> DevicesAsync(List<string> complaints)
    {
        HashSet<string> bridges = [], cables = [];
        foreach (JsonNode? link in JsonNode.Parse((await Running.RunAsync("ip", ["-d", "-j", "link"])).Ok().Out)!.AsArray())
        {
            string alias = (string?)link!["ifalias"] ?? "", name = (string)link["ifname"]!;
            if (alias.StartsWith($"tare {engine} network ", StringComparison.Ordinal)) bridges.Add(alias[(alias.LastIndexOf(' ') + 1)..]);
            else if (alias.StartsWith($"tare {engine} endpoint ", StringComparison.Ordinal)) cables.Add(alias[(alias.LastIndexOf(' ') + 1)..]);
            else if (alias.Length == 0 && name.StartsWith("veth", StringComparison.Ordinal)) complaints.Add($"the device {name} is nobody's");
        }
        return (bridges, cables);
    }

    private async Task<bool> HasTableAsync() => (await Running.RunAsync("nft", ["list", "tables"])).Ok().Lines.Contains("table inet " + Table);

    private async Task FilterAsync(Claims claims, HashSet<string> bridges, List<string> complaints)
    {
        if (!await HasTableAsync())
        {
            if (bridges.Count > 0) complaints.Add("there is no packet filter");
            return;
        }
        string text = (await Running.RunAsync("nft", ["list", "table", "inet", Table])).Ok().Out;
        foreach (string set in new[] { "bridges", "within", "to4", "to6" })
        {
            int count = ElementsOf(text, set).Count;
            if (count != bridges.Count) complaints.Add($"{set} has {count} elements, and there are {bridges.Count} bridges");
        }
        int chains = SourceChain().Count(text);
        if (chains != bridges.Count(id => !claims.InternalIds.Contains(id))) complaints.Add($"{chains} chains of sources for {bridges.Count} bridges");
        foreach (string map in new[] { "anywhere4", "at4", "anywhere6", "at6" })
        {
            HashSet<string> keys = [];
            foreach (string element in ElementsOf(text, map))
            {
                if (!claims.Translations.Contains($"{map} {element}")) complaints.Add($"nobody claims {map} {element}");
                keys.Add($"{map} {element.Split(" : ")[0]}");
            }
            complaints.AddRange(claims.Keys.Where(key => key.StartsWith(map + " ", StringComparison.Ordinal) && !keys.Contains(key)).Select(key => "there is no element " + key));
        }
    }

    private static List<string> ElementsOf(string table, string set)
    {
        Match match = Regex.Match(table, $@"\t(set|map) {set} {{\n(.*?)\n\t}}", RegexOptions.Singleline);
        Assert.True(match.Success, $"no set {set} in\n{table}");
        Match elements = Regex.Match(match.Value, @"elements = \{(.*?)\}", RegexOptions.Singleline);
        return elements.Success ? [.. elements.Groups[1].Value.Split(',').Select(element => Regex.Replace(element, @"\s+", " ").Trim())] : [];
    }

    private async Task<string> UnfinishedRowsAsync()
    {
        const string Script = """
            import sqlite3, sys
            print(' '.join(row[0] for row in sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True).execute('SELECT name FROM network WHERE state <> 1')))
            """;
        return (await Running.RunAsync(Setup.Python, ["-c", Script, Path.Combine(daemon.DataRoot, "tare.db")])).Ok().Text;
    }

    private static void Compare(string what, HashSet<string> found, HashSet<string> claimed, List<string> complaints, string? mayMiss = null)
    {
        complaints.AddRange(found.Except(claimed).Select(one => $"nobody claims the {what} {one}"));
        complaints.AddRange(claimed.Except(found).Where(one => one != mayMiss).Select(one => $"there is no {what} {one}"));
    }

    /// <summary>Sockets of a process that hold ports of this network namespace.</summary>
    private static HashSet<string> Listening(int pid)
    {
        HashSet<string> inodes = Sockets(pid), found = [];
        foreach (string protocol in new[] { "tcp", "udp", "tcp6", "udp6" })
        {
            foreach (string line in File.ReadLines("/proc/net/" + protocol).Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (!inodes.Contains(fields[9])) continue;
                string[] local = fields[1].Split(':');
                found.Add($"{protocol[..3]} {new IPEndPoint(AddressOf(local[0]), int.Parse(local[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))}");
            }
        }
        return found;
    }

    /// <summary>Words of four bytes in the machine's order, in hexadecimal digits.</summary>
    private static IPAddress AddressOf(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        if (BitConverter.IsLittleEndian)
        {
            for (int i = 0; i < bytes.Length; i += 4) Array.Reverse(bytes, i, 4);
        }
        return new IPAddress(bytes);
    }

    private static HashSet<string> Sockets(int pid) => Links(pid, "socket:[");

    private static HashSet<string> Namespaces(int pid) => Links(pid, "net:[");

    private static HashSet<string> Links(int pid, string kind)
    {
        HashSet<string> found = [];
        foreach (string path in Directory.GetFileSystemEntries($"/proc/{pid}/fd"))
        {
            string? target;
            try
            {
                target = new FileInfo(path).LinkTarget;
            }
            catch (IOException)
            {
                // Closed meanwhile.
                continue;
            }
            if (target?.StartsWith(kind, StringComparison.Ordinal) == true) found.Add(target[kind.Length..^1]);
        }
        return found;
    }

    [GeneratedRegex(@"^\tchain source-", RegexOptions.Multiline)]
    private static partial Regex SourceChain();

    /// <summary>What the API says that there is.</summary>
    private sealed class Claims
    {
        public HashSet<string> NetworkIds { get; } = [];

        public HashSet<string> InternalIds { get; } = [];

        public string DefaultNetwork { get; private set; } = "";

        public HashSet<string> Endpoints { get; } = [];

        /// <summary>Protocol, address and port of each socket.</summary>
        public HashSet<string> Sockets { get; } = [];

        /// <summary>Elements that there may be, by any of a container's addresses.</summary>
        public HashSet<string> Translations { get; } = [];

        /// <summary>Keys that there have to be.</summary>
        public HashSet<string> Keys { get; } = [];

        public HashSet<string> Namespaces { get; } = [];

        /// <summary>Containers that have a server of names.</summary>
        public int Named { get; private set; }

        public static async Task<Claims> OfAsync(EngineApi api)
        {
            Claims claims = new();
            foreach (JsonNode? network in (JsonArray)await api.GetAsync("networks"))
            {
                if ((string)network!["Driver"]! != "bridge") continue;
                string id = (string)network["Id"]!;
                claims.NetworkIds.Add(id);
                if ((bool)network["Internal"]!) claims.InternalIds.Add(id);
                if ((string)network["Name"]! == "bridge") claims.DefaultNetwork = id;
            }
            foreach (JsonNode listed in await api.ContainersAsync())
            {
                if ((string)listed["State"]! is not ("running" or "paused")) continue;
                claims.Add(await api.InspectAsync((string)listed["Id"]!));
            }
            return claims;
        }

        private void Add(JsonNode container)
        {
            Namespaces.UnionWith(new[] { new FileInfo($"/proc/{(int)container["State"]!["Pid"]!}/ns/net").LinkTarget?["net:[".Length..^1] }.OfType<string>());
            List<string> four = [], six = [];
            bool named = false;
            foreach ((string name, JsonNode? endpoint) in container["NetworkSettings"]!["Networks"]!.AsObject())
            {
                if (name is "host" or "none") continue;
                Endpoints.Add((string)endpoint!["EndpointID"]!);
                named |= name != "bridge";
                if ((string)endpoint["IPAddress"]! is { Length: > 0 } address4) four.Add(address4);
                if ((string)endpoint["GlobalIPv6Address"]! is { Length: > 0 } address6) six.Add(address6);
            }
            if (named) Named++;
            foreach ((string key, JsonNode? bindings) in container["NetworkSettings"]!["Ports"]!.AsObject())
            {
                string[] port = key.Split('/');
                foreach (JsonNode? binding in bindings?.AsArray() ?? [])
                    Add(port[1], port[0], IPAddress.Parse((string)binding!["HostIp"]!), (string)binding["HostPort"]!, four, six);
            }
        }

        private void Add(string protocol, string port, IPAddress host, string hostPort, List<string> four, List<string> six)
        {
            Sockets.Add($"{protocol} {new IPEndPoint(host, int.Parse(hostPort, CultureInfo.InvariantCulture))}");
            bool isSix = host.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
            bool everywhere = host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any);
            string map = (everywhere ? "anywhere" : "at") + (isSix ? "6" : "4");
            string key = everywhere ? $"{map} {protocol} . {hostPort}" : $"{map} {host} . {protocol} . {hostPort}";
            if (!isSix) Keys.Add(key);
            foreach (string address in isSix ? six : four) Translations.Add($"{key} : {address} . {port}");
        }
    }
}
