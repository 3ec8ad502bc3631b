using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tare.EndToEnd.Harness;

/// <summary>
/// What an engine may leave of networks when its containers have gone and it still runs, in the network that it shares with the tests:
/// devices, entries of its packet filter, sockets that hold ports, namespaces. The device of the default bridge stays, as Docker's does.
/// </summary>
internal static partial class NetworkLeakCheck
{
    /// <summary>Namespaces that an engine may have ready ahead of need, and its own.</summary>
    private const int ReadyNamespaces = 16;

    private static readonly string[] InternetSockets = ["tcp", "tcp6", "udp", "udp6"];

    /// <summary>Looks until nothing is left, for at most 10 s; returns what still is.</summary>
    /// <param name="socket">The engine's.</param>
    /// <param name="processes">The engine's processes.</param>
    public static async Task<IReadOnlyList<string>> CompareAsync(string socket, IReadOnlyList<int> processes)
    {
        using EngineApi api = new(socket);
        // An engine that hangs or still has containers is some case's own affair.
        if (!await api.AnswersAsync() || (await api.ContainersAsync()).Count > 0)
            return [];
        JsonArray networks = (JsonArray)await api.GetAsync("networks");
        string bridge = networks.Select(network => (string?)network!["Options"]?["com.docker.network.bridge.name"]).OfType<string>().FirstOrDefault() ?? "docker0";
        string[] kept = [bridge, .. networks.Select(network => "br-" + ((string)network!["Id"]!)[..12])];
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            string[] left = [.. await DevicesAsync(kept), .. await FilterAsync(kept), .. Sockets(processes), .. Namespaces(processes)];
            if (left.Length == 0 || watch.Elapsed > TimeSpan.FromSeconds(10))
                return left;
            await Task.Delay(50);
        }
    }

    /// <summary>
    /// Whose device it is stands in its alias, and the default bridge's name begins the engine's: other engines of the tests have, or have
    /// left, default bridges of their own.
    /// </summary>
    private static async Task<IEnumerable<string>> DevicesAsync(string[] kept)
    {
        string owner = "alias tare " + kept[0].Replace("tare-", "", StringComparison.Ordinal);
        Result links = await Running.RunAsync("ip", ["-o", "link"]);
        return links.Lines.Where(line => line.Contains(owner, StringComparison.Ordinal) && !kept.Contains(line.Split(": ")[1].Split('@')[0])).Select(line => "device " + line);
    }

    /// <summary>Entries of sets and maps that are not about a device that may stay.</summary>
    private static async Task<IEnumerable<string>> FilterAsync(string[] kept)
    {
        if (Setup.Find("nft") is not { } nft)
            return [];
        string table = kept[0] == "docker0" ? "tare" : kept[0];
        // As text: nft's own JSON of tables with flags that it does not know breaks off.
        Result rules = await Running.RunAsync(nft, ["list", "table", "inet", table]);
        if (rules.Code != 0)
            return [];
        return Sets().Matches(rules.Out)
            .SelectMany(set => set.Groups["elements"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(element => (Set: set.Groups["name"].Value, Element: element)))
            .Where(one => !kept.Any(name => one.Element.Contains(name, StringComparison.Ordinal)))
            .Select(one => $"filter {one.Set} {one.Element}");
    }

    [GeneratedRegex(@"(set|map) (?<name>\S+) \{[^{}]*elements = \{(?<elements>[^{}]*)\}")]
    private static partial Regex Sets();

    /// <summary>Sockets that the keeper holds in the host's network: those that reserve ports.</summary>
    private static IEnumerable<string> Sockets(IReadOnlyList<int> processes)
    {
        HashSet<string> own = [.. processes.Where(IsKeeper).SelectMany(Descriptors).Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target[8..^1])];
        foreach (string kind in InternetSockets)
        {
            foreach (string line in File.ReadLines("/proc/net/" + kind).Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (own.Contains(fields[9]))
                    yield return $"socket {kind} {fields[1]} state {fields[3]}";
            }
        }
    }

    private static bool IsKeeper(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0').Contains("keeper");
        }
        catch (IOException)
        {
            return false; // It has ended.
        }
    }

    private static IEnumerable<string> Namespaces(IReadOnlyList<int> processes)
    {
        foreach (int pid in processes)
        {
            int count = Descriptors(pid).Count(target => target.StartsWith("net:[", StringComparison.Ordinal));
            if (count > ReadyNamespaces)
                yield return $"process {pid} holds {count} network namespaces";
        }
    }

    private static IEnumerable<string> Descriptors(int pid)
    {
        string[] entries;
        try
        {
            entries = Directory.GetFileSystemEntries($"/proc/{pid}/fd");
        }
        catch (IOException)
        {
            yield break; // It has ended.
        }
        foreach (string entry in entries)
        {
            string? target;
            try
            {
                target = new FileInfo(entry).LinkTarget;
            }
            catch (IOException)
            {
                continue; // Closed meanwhile.
            }
            if (target is not null)
                yield return target;
        }
    }
}
