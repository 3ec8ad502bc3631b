using System.Text.Json;
using Tare.Cli.Credentials;
using Tare.Cli.Formatting;
using Tare.Cli.Io;

namespace Tare.Cli.Commands;

/// <summary>What the client verbs use of config.json, the file of the docker CLI.</summary>
internal sealed class ConfigFile
{
    private readonly JsonElement _root;

    private ConfigFile(JsonElement root) => _root = root;

    public string DetachKeys => Text("detachKeys");

    /// <summary>How networks are listed.</summary>
    public string NetworksFormat => Text("networksFormat");

    public string PsFormat => Text("psFormat");

    public string ImagesFormat => Text("imagesFormat");

    /// <summary>How volumes are listed.</summary>
    public string VolumesFormat => Text("volumesFormat");

    public IReadOnlyDictionary<string, string>? HttpHeaders
    {
        get
        {
            if (!TryGet("HttpHeaders", out var headers) || headers.ValueKind != JsonValueKind.Object) return null;
            var result = new Dictionary<string, string>();
            foreach (var header in headers.EnumerateObject())
            {
                // The client's own headers are not for the user to change.
                if (header.Value.ValueKind == JsonValueKind.String && !header.NameEquals("User-Agent")) result[header.Name] = header.Value.GetString()!;
            }

            return result;
        }
    }

    public IEnumerable<string> PruneFilters
        => TryGet("pruneFilters", out var filters) && filters.ValueKind == JsonValueKind.Array
            ? filters.EnumerateArray().Where(filter => filter.ValueKind == JsonValueKind.String).Select(filter => filter.GetString()!) : [];

    /// <summary>A file that is missing is empty; one that cannot be read is told and is empty.</summary>
    public static ConfigFile Load(string directory, Output warnings)
    {
        var path = Path.Combine(directory, "config.json");
        if (!File.Exists(path) && !Directory.Exists(path)) return new ConfigFile(default);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : default;
            CheckCredentials(root, path, warnings);
            return new ConfigFile(root);
        }
        catch (FileNotFoundException)
        {
            // A link to nothing is as good as none.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !Directory.Exists(path))
        {
            warnings.WriteLine($"WARNING: Error loading config file: {HostFiles.Failed("open", path, e).Message}");
        }
        catch (Exception e) when (e is JsonException or UnauthorizedAccessException)
        {
            warnings.WriteLine($"WARNING: Error parsing config file ({path}): {(e is UnauthorizedAccessException ? HostFiles.Failed("read", path, e).Message : e.Message)}");
        }

        return new ConfigFile(default);
    }

    /// <summary>A malformed entry is told at once, whether it is needed or not, and spoils nothing else.</summary>
    private static void CheckCredentials(JsonElement root, string path, Output warnings)
    {
        try
        {
            foreach (var entry in root.Members("auths"))
            {
                if (entry.Value.ValueKind == JsonValueKind.Object) CredentialFile.Decode(entry.Name, entry.Value);
            }
        }
        catch (CommandException e)
        {
            warnings.WriteLine($"WARNING: Error parsing config file ({path}): {e.Message}");
        }
    }

    /// <summary>Variables for a container's proxies, in both cases of letters, but those that are set already.</summary>
    public IEnumerable<KeyValuePair<string, string>> Proxies(string host, ICollection<string> set)
    {
        if (!TryGet("proxies", out var proxies) || proxies.ValueKind != JsonValueKind.Object) yield break;
        if (!proxies.TryGetProperty(host, out var chosen) && !proxies.TryGetProperty("default", out chosen)) yield break;
        foreach (var (member, name) in new[] { ("httpProxy", "HTTP_PROXY"), ("httpsProxy", "HTTPS_PROXY"), ("noProxy", "NO_PROXY"), ("ftpProxy", "FTP_PROXY"), ("allProxy", "ALL_PROXY") })
        {
            if (!chosen.TryGetProperty(member, out var value) || value.GetString() is not { Length: > 0 } text) continue;
            foreach (var variable in new[] { name, name.ToLowerInvariant() })
            {
                if (!set.Contains(variable)) yield return new(variable, text);
            }
        }
    }

    private string Text(string name) => TryGet(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private bool TryGet(string name, out JsonElement value)
    {
        value = default;
        return _root.ValueKind == JsonValueKind.Object && _root.TryGetProperty(name, out value);
    }
}
