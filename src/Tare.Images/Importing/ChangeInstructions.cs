using System.Globalization;
using System.Text.Json;
using Tare.Errors;
using Tare.Oci.Images;

namespace Tare.Images.Importing;

/// <summary>
/// The instructions of a Dockerfile that change nothing but an image's configuration: what <c>import --change</c> and
/// <c>commit --change</c> take.
/// </summary>
public static class ChangeInstructions
{
    private static readonly string[] Shell = ["/bin/sh", "-c"];

    /// <summary>Applies instructions in their order.</summary>
    /// <exception cref="TareException">One of them is no such instruction, or malformed.</exception>
    public static OciContainerConfig Apply(OciContainerConfig config, IReadOnlyList<string> instructions)
    {
        var hasCommand = false;
        foreach (var instruction in instructions) config = Apply(config, instruction.Trim(), ref hasCommand);
        return config;
    }

    private static OciContainerConfig Apply(OciContainerConfig config, string instruction, ref bool hasCommand)
    {
        var space = instruction.AsSpan().IndexOfAny(' ', '\t');
        var name = (space < 0 ? instruction : instruction[..space]).ToUpperInvariant();
        var rest = space < 0 ? "" : instruction[(space + 1)..].Trim();
        if (name.Length > 0 && rest.Length == 0 && IsKnown(name)) throw TareException.Invalid($"{name} requires at least one argument");
        hasCommand |= name == "CMD";
        return name switch
        {
            "CMD" => config with { Cmd = Command(rest) },
            // A command that no instruction has given was meant for another entrypoint.
            "ENTRYPOINT" => config with { Entrypoint = Command(rest), Cmd = hasCommand ? config.Cmd : null },
            "ENV" => config with { Env = Environment(config.Env, InstructionWords.Pairs(rest, name)) },
            "EXPOSE" => config with { ExposedPorts = Add(config.ExposedPorts, InstructionWords.Split(rest).Select(Port)) },
            "HEALTHCHECK" => config with { Healthcheck = HealthcheckInstruction.Parse(rest) },
            "LABEL" => config with { Labels = Labels(config.Labels, InstructionWords.Pairs(rest, name)) },
            "ONBUILD" => config with { OnBuild = [.. config.OnBuild ?? [], rest] },
            "STOPSIGNAL" => config with { StopSignal = rest },
            "USER" => config with { User = InstructionWords.Unquote(rest) },
            "VOLUME" => config with { Volumes = Add(config.Volumes, List(rest) ?? InstructionWords.Split(rest)) },
            "WORKDIR" => config with { WorkingDir = Directory(config.WorkingDir, InstructionWords.Unquote(rest)) },
            _ => throw TareException.Invalid($"{(space < 0 ? instruction : instruction[..space])} is not a valid change command"),
        };
    }

    private static bool IsKnown(string name) =>
        name is "CMD" or "ENTRYPOINT" or "ENV" or "EXPOSE" or "HEALTHCHECK" or "LABEL" or "ONBUILD" or "STOPSIGNAL" or "USER" or "VOLUME" or "WORKDIR";

    /// <summary>The exec form, a JSON list, or the shell form.</summary>
    internal static IReadOnlyList<string> Command(string text) => List(text) ?? [.. Shell, text];

    /// <summary>A JSON list of strings, or <see langword="null"/> for any other text.</summary>
    private static IReadOnlyList<string>? List(string text)
    {
        if (!text.StartsWith('[')) return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            var items = new List<string>();
            foreach (var item in document.RootElement.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.String) return null;
                items.Add(item.GetString()!);
            }

            return items;
        }
        catch (JsonException)
        {
            // Docker takes a malformed list for a shell command, too.
            return null;
        }
    }

    private static List<string> Environment(IReadOnlyList<string>? old, IEnumerable<(string Key, string Value)> pairs)
    {
        var result = new List<string>(old ?? []);
        foreach (var (key, value) in pairs)
        {
            var at = result.FindIndex(line => line.StartsWith(key + "=", StringComparison.Ordinal));
            if (at < 0) result.Add($"{key}={value}");
            else result[at] = $"{key}={value}";
        }

        return result;
    }

    private static Dictionary<string, string> Labels(IReadOnlyDictionary<string, string>? old, IEnumerable<(string Key, string Value)> pairs)
    {
        var result = new Dictionary<string, string>(old ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (key, value) in pairs) result[key] = value;
        return result;
    }

    private static Dictionary<string, OciEmpty> Add(IReadOnlyDictionary<string, OciEmpty>? old, IEnumerable<string> keys)
    {
        var result = new Dictionary<string, OciEmpty>(old ?? new Dictionary<string, OciEmpty>(), StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (string.IsNullOrWhiteSpace(key)) throw TareException.Invalid("VOLUME specified can not be an empty string");
            result[key] = OciEmpty.Value;
        }

        return result;
    }

    private static string Port(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? "tcp" : text[(slash + 1)..].ToLowerInvariant();
        var number = slash < 0 ? text : text[..slash];
        var ends = number.Split('-');
        if (ends.Length > 2 || protocol is not ("tcp" or "udp" or "sctp") || !ends.All(IsPort)) throw TareException.Invalid($"invalid containerPort: {text}");
        return $"{number}/{protocol}";
    }

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static string Directory(string? old, string path)
    {
        var joined = path.StartsWith('/') ? path : $"{(string.IsNullOrEmpty(old) ? "/" : old)}/{path}";
        return "/" + Loading.ArchiveContents.Clean(joined);
    }
}
