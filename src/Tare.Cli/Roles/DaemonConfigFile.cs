using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;

namespace Tare.Cli.Roles;

/// <summary>
/// The daemon's file of options: an object whose members have the names of options, in the plural where there may be several. As with
/// dockerd, what it does not know is an error, and so is what the command line says too.
/// </summary>
internal sealed class DaemonConfigFile
{
    /// <summary>Where it is looked for; there it may be missing.</summary>
    public const string DefaultPath = "/etc/tare/daemon.json";

    private const string Mirrors = "registry-mirrors";
    private const string Insecure = "insecure-registries";
    private const string Downloads = "max-concurrent-downloads";
    private const string Uploads = "max-concurrent-uploads";
    private const string Storage = "storage-driver";
    private const string Firewalls = "open-other-firewalls";

    public IReadOnlyList<string> RegistryMirrors { get; private set; } = [];

    public IReadOnlyList<string> InsecureRegistries { get; private set; } = [];

    /// <summary>Empty when it is not given.</summary>
    public string StorageDriver { get; private set; } = "";

    public bool OpenOtherFirewalls { get; private set; }

    public int? MaxConcurrentDownloads { get; private set; }

    public int? MaxConcurrentUploads { get; private set; }

    /// <param name="path">The file.</param>
    /// <param name="required">Whether it has to be there.</param>
    /// <param name="flags">The command line's options.</param>
    /// <exception cref="CommandException">It cannot be read, or does not go with the command line.</exception>
    public static DaemonConfigFile Load(string path, bool required, FlagSet flags)
    {
        var result = new DaemonConfigFile();
        if (!required && !File.Exists(path)) return result;
        try
        {
            using var document = JsonDocument.Parse(HostFiles.ReadAll(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException("it is no object");
            result.Read(document.RootElement, flags);
            return result;
        }
        catch (Exception e) when (e is JsonException or CommandException)
        {
            throw new CommandException($"unable to configure the Docker daemon with file {path}: {e.Message}");
        }
    }

    private void Read(JsonElement root, FlagSet flags)
    {
        var unknown = new List<string>();
        var twice = new List<string>();
        foreach (var member in root.EnumerateObject())
        {
            var flag = member.Name switch
            {
                Mirrors => "registry-mirror",
                Insecure => "insecure-registry",
                Downloads or Uploads or Storage or Firewalls => member.Name,
                _ => "",
            };
            if (flag.Length == 0) unknown.Add(member.Name);
            else if (flags.Find(flag) is { Given: true }) twice.Add(member.Name);
            else Take(member);
        }

        if (unknown.Count > 0) throw new CommandException($"the following directives don't match any configuration option: {string.Join(", ", unknown)}");
        if (twice.Count > 0) throw new CommandException($"the following directives are specified both as a flag and in the configuration file: {string.Join(", ", twice)}");
    }

    private void Take(JsonProperty member)
    {
        switch (member.Name)
        {
            case Mirrors:
                RegistryMirrors = Texts(member);
                break;
            case Insecure:
                InsecureRegistries = Texts(member);
                break;
            case Storage:
                StorageDriver = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : throw new JsonException($"{member.Name} is no string");
                break;
            case Firewalls:
                OpenOtherFirewalls = member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? member.Value.GetBoolean() : throw new JsonException($"{member.Name} is neither true nor false");
                break;
            case Downloads:
                MaxConcurrentDownloads = Number(member);
                break;
            default:
                MaxConcurrentUploads = Number(member);
                break;
        }
    }

    private static List<string> Texts(JsonProperty member)
        => member.Value.ValueKind == JsonValueKind.Array && member.Value.EnumerateArray().All(value => value.ValueKind == JsonValueKind.String)
            ? [.. member.Value.EnumerateArray().Select(value => value.GetString()!)]
            : throw new JsonException($"{member.Name} is no list of strings");

    private static int Number(JsonProperty member)
        => member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var number) ? number : throw new JsonException($"{member.Name} is no whole number");
}
