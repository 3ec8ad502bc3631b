using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>Fills a container's configuration from that of its image, as Docker does.</summary>
internal static class ConfigMerger
{
    /// <summary>The request's configuration with what it left open taken from the image; null when there is no image configuration.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: neither of the two has a command.</exception>
    public static ContainerConfig Merge(ContainerConfig request, ImageConfig? image)
    {
        // Copied field by field: the request may be a derived record, which must not be stored.
        var merged = new ContainerConfig
        {
            Hostname = request.Hostname,
            Domainname = request.Domainname,
            User = Either(request.User, image?.User),
            AttachStdin = request.AttachStdin,
            AttachStdout = request.AttachStdout,
            AttachStderr = request.AttachStderr,
            ExposedPorts = Union(request.ExposedPorts, image?.ExposedPorts),
            Tty = request.Tty,
            OpenStdin = request.OpenStdin,
            StdinOnce = request.StdinOnce,
            Env = MergeEnvironment(request.Env ?? [], image?.Env ?? []),
            Cmd = request.Cmd,
            Healthcheck = MergeHealth(request.Healthcheck, image?.Healthcheck),
            ArgsEscaped = request.ArgsEscaped,
            Image = request.Image,
            Volumes = Union(request.Volumes, image?.Volumes),
            WorkingDir = Either(request.WorkingDir, image?.WorkingDir),
            Entrypoint = request.Entrypoint,
            NetworkDisabled = request.NetworkDisabled,
            MacAddress = request.MacAddress,
            OnBuild = request.OnBuild,
            Labels = MergeLabels(request.Labels, image?.Labels),
            StopSignal = Either(request.StopSignal ?? "", image?.StopSignal),
            StopTimeout = request.StopTimeout,
            Shell = request.Shell,
        };
        // An entrypoint of the request's own makes the image's command meaningless.
        if (merged.Entrypoint is not { Count: > 0 })
        {
            if (merged.Cmd is not { Count: > 0 }) merged.Cmd = image?.Cmd;
            merged.Entrypoint ??= image?.Entrypoint;
        }
        // A single empty word is how a client takes the image's entrypoint away.
        if (merged.Entrypoint is [""]) merged.Entrypoint = null;
        return merged.Entrypoint is { Count: > 0 } || merged.Cmd is { Count: > 0 } ? merged : throw TareException.Invalid("no command specified");
    }

    /// <summary>The program and its arguments.</summary>
    public static (string Path, IReadOnlyList<string> Arguments) CommandOf(ContainerConfig config)
    {
        string[] words = [.. config.Entrypoint ?? [], .. config.Cmd ?? []];
        return (words[0], words[1..]);
    }

    private static string Either(string first, string? second) => first.Length > 0 ? first : second ?? "";

    private static IReadOnlyList<string> MergeEnvironment(IReadOnlyList<string> own, IReadOnlyList<string> image)
    {
        if (own.Count == 0) return image;
        var names = own.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        return [.. own, .. image.Where(entry => !names.Contains(NameOf(entry)))];
    }

    private static string NameOf(string entry)
    {
        var equals = entry.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? entry : entry[..equals];
    }

    private static IReadOnlySet<string>? Union(IReadOnlySet<string>? own, IReadOnlySet<string>? image)
    {
        if (own is not { Count: > 0 }) return image;
        return image is not { Count: > 0 } ? own : new SortedSet<string>(own.Concat(image), StringComparer.Ordinal);
    }

    private static SortedDictionary<string, string> MergeLabels(IReadOnlyDictionary<string, string>? own, IReadOnlyDictionary<string, string>? image)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in image ?? new Dictionary<string, string>()) merged[key] = value;
        foreach (var (key, value) in own ?? new Dictionary<string, string>()) merged[key] = value;
        return merged;
    }

    private static HealthConfig? MergeHealth(HealthConfig? own, HealthConfig? image)
    {
        if (own is null || image is null) return own ?? image;
        return own with
        {
            Test = own.Test ?? image.Test,
            Interval = own.Interval != 0 ? own.Interval : image.Interval,
            Timeout = own.Timeout != 0 ? own.Timeout : image.Timeout,
            StartPeriod = own.StartPeriod != 0 ? own.StartPeriod : image.StartPeriod,
            StartInterval = own.StartInterval != 0 ? own.StartInterval : image.StartInterval,
            Retries = own.Retries != 0 ? own.Retries : image.Retries,
        };
    }
}
