using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;

namespace Tare.Cli.Roles;

/// <summary>
/// The daemon's file of options: an object whose members have the names of options, in the plural where there may be several. As with
/// dockerd, what it does not know is an error, and so is what the command line says too.
/// </summary>
internal static class DaemonConfigFile
{
    /// <summary>Where it is looked for; there it may be missing.</summary>
    public const string DefaultPath = "/etc/tare/daemon.json";

    /// <summary>One address, from when there was but one.</summary>
    private const string Deprecated = "host-gateway-ip";

    /// <summary>Members whose option has another name.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["default-address-pools"] = "default-address-pool",
        ["default-network-opts"] = "default-network-opt",
        ["dns-opts"] = "dns-opt",
        ["host-gateway-ips"] = "host-gateway-ip",
        ["hosts"] = "host",
        ["insecure-registries"] = "insecure-registry",
        ["labels"] = "label",
        ["registry-mirrors"] = "registry-mirror",
    };

    /// <summary>Sets the options that the file has.</summary>
    /// <param name="path">The file.</param>
    /// <param name="required">Whether it has to be there.</param>
    /// <param name="flags">The options, with what the command line has set.</param>
    /// <exception cref="CommandException">It cannot be read, or does not go with the command line.</exception>
    public static void Apply(string path, bool required, FlagSet flags)
    {
        if (!required && !File.Exists(path)) return;
        try
        {
            using var document = JsonDocument.Parse(HostFiles.ReadAll(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException("it is no object");
            Apply(document.RootElement, flags);
        }
        catch (Exception e) when (e is JsonException or CommandException)
        {
            throw new CommandException($"unable to configure the Docker daemon with file {path}: {e.Message}");
        }
    }

    internal static void Apply(JsonElement root, FlagSet flags)
    {
        var (unknown, twice, found) = (new List<string>(), new List<string>(), new List<(JsonProperty Member, Flag Flag)>());
        foreach (var member in root.EnumerateObject())
        {
            if (FlagOf(member.Name, flags) is not { } flag) unknown.Add(member.Name);
            else if (flag.Given) twice.Add(member.Name);
            else found.Add((member, flag));
        }

        if (unknown.Count > 0) throw new CommandException($"the following directives don't match any configuration option: {string.Join(", ", unknown)}");
        if (twice.Count > 0) throw new CommandException($"the following directives are specified both as a flag and in the configuration file: {string.Join(", ", twice)}");
        foreach (var (member, flag) in found)
        {
            foreach (var value in ValuesOf(member, flag))
            {
                if (flag.Set(value) is { } error) throw new CommandException($"{member.Name}: {error}");
                flag.Given = true;
            }
        }
    }

    private static Flag? FlagOf(string member, FlagSet flags)
    {
        if (OtherNames.TryGetValue(member, out var other)) return flags.Find(other);
        if (member != Deprecated && OtherNames.ContainsValue(member)) return null;
        return member is "config-file" or "version" || flags.Find(member) is not { Hidden: false } flag ? null : flag;
    }

    /// <summary>The values as the command line has them.</summary>
    private static IEnumerable<string> ValuesOf(JsonProperty member, Flag flag)
    {
        var value = member.Value;
        return (flag, value.ValueKind) switch
        {
            (SwitchFlag, JsonValueKind.True or JsonValueKind.False) => [value.GetRawText()],
            (SwitchFlag, _) => throw new JsonException($"{member.Name} is neither true nor false"),
            (NumberFlag, JsonValueKind.Number) when value.TryGetInt64(out _) => [value.GetRawText()],
            (NumberFlag, _) => throw new JsonException($"{member.Name} is no whole number"),
            (TextFlag, _) => [Text(member.Name, value)],
            (_, JsonValueKind.String) when member.Name is "ip" or "default-gateway" or "default-gateway-v6" or Deprecated => [value.GetString()!],
            (ListFlag, JsonValueKind.Array) => value.EnumerateArray().Select(entry => Text(member.Name, entry)),
            (ParsedFlag { Kind: DaemonNetworkFlags.PoolKind }, JsonValueKind.Array) => value.EnumerateArray().Select(entry => Fields(member.Name, entry)),
            (ParsedFlag { Kind: DaemonNetworkFlags.OptionsKind }, JsonValueKind.Object) => value.EnumerateObject().SelectMany(driver => Options(member.Name, driver)),
            _ => throw new JsonException($"{member.Name} is {(flag is ParsedFlag { Kind: DaemonNetworkFlags.OptionsKind } ? "no object" : "no list of strings")}"),
        };
    }

    /// <summary>Options of networks by driver: <c>{"bridge": {"name": "value"}}</c>.</summary>
    private static IEnumerable<string> Options(string member, JsonProperty driver) => driver.Value.ValueKind == JsonValueKind.Object
        ? driver.Value.EnumerateObject().Select(option => $"{driver.Name}={option.Name}={Text(member, option.Value)}")
        : throw new JsonException($"{member}: {driver.Name} is no object");

    /// <summary>An address pool: <c>{"base": "10.0.0.0/8", "size": 24}</c>.</summary>
    private static string Fields(string member, JsonElement pool) => pool.ValueKind == JsonValueKind.Object
        ? string.Join(',', pool.EnumerateObject().Select(field => $"{field.Name}={(field.Value.ValueKind == JsonValueKind.Number ? field.Value.GetRawText() : Text(member, field.Value))}"))
        : throw new JsonException($"{member} is no list of objects with base and size");

    private static string Text(string member, JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new JsonException($"{member}: {value.GetRawText()} is no string");
}
