using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>From a container's configuration to that of its image. What is a container's alone, such as its host name, stays behind.</summary>
internal static class ImageConfigs
{
    /// <summary>The part of a container's configuration that an image has.</summary>
    public static OciContainerConfig Of(ContainerConfig config) => new()
    {
        User = Text(config.User),
        ExposedPorts = Set(config.ExposedPorts),
        Env = List(config.Env),
        Cmd = List(config.Cmd),
        Healthcheck = config.Healthcheck is { } health ? Health(health) : null,
        ArgsEscaped = config.ArgsEscaped ? true : null,
        Volumes = Set(config.Volumes),
        WorkingDir = Text(config.WorkingDir),
        Entrypoint = List(config.Entrypoint),
        OnBuild = List(config.OnBuild),
        Labels = config.Labels is { Count: > 0 } labels ? new SortedDictionary<string, string>(labels.ToDictionary(), StringComparer.Ordinal) : null,
        StopSignal = Text(config.StopSignal),
        StopTimeout = config.StopTimeout,
        Shell = List(config.Shell),
    };

    /// <summary>Fills up what instructions have made of a configuration from the container, as Docker does.</summary>
    public static OciContainerConfig Merge(OciContainerConfig changed, ContainerConfig container)
    {
        var own = Of(container);
        var hasEntrypoint = changed.Entrypoint is { Count: > 0 };
        return changed with
        {
            User = changed.User ?? own.User,
            ExposedPorts = Union(changed.ExposedPorts, own.ExposedPorts),
            Env = MergeEnvironment(changed.Env, own.Env),
            // A new entrypoint makes the container's command meaningless.
            Cmd = hasEntrypoint || changed.Cmd is { Count: > 0 } ? changed.Cmd : own.Cmd,
            Entrypoint = hasEntrypoint ? changed.Entrypoint : changed.Entrypoint ?? own.Entrypoint,
            Healthcheck = changed.Healthcheck is { } health ? MergeHealth(health, own.Healthcheck) : own.Healthcheck,
            Volumes = Union(changed.Volumes, own.Volumes),
            WorkingDir = changed.WorkingDir ?? own.WorkingDir,
            Labels = MergeLabels(changed.Labels, own.Labels),
            StopSignal = changed.StopSignal ?? own.StopSignal,
        };
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static IReadOnlyList<string>? List(IReadOnlyList<string>? list) => list is { Count: > 0 } ? list : null;

    private static SortedDictionary<string, OciEmpty>? Set(IReadOnlySet<string>? set) =>
        set is { Count: > 0 } ? new SortedDictionary<string, OciEmpty>(set.ToDictionary(key => key, _ => OciEmpty.Value), StringComparer.Ordinal) : null;

    private static OciHealthcheck Health(HealthConfig health) => new()
    {
        Test = List(health.Test),
        Interval = Number(health.Interval),
        Timeout = Number(health.Timeout),
        StartPeriod = Number(health.StartPeriod),
        StartInterval = Number(health.StartInterval),
        Retries = health.Retries == 0 ? null : health.Retries,
    };

    private static long? Number(long value) => value == 0 ? null : value;

    private static IReadOnlyDictionary<string, OciEmpty>? Union(IReadOnlyDictionary<string, OciEmpty>? first, IReadOnlyDictionary<string, OciEmpty>? second)
    {
        if (first is not { Count: > 0 }) return second;
        if (second is not { Count: > 0 }) return first;
        return new SortedDictionary<string, OciEmpty>(first.Keys.Union(second.Keys).ToDictionary(key => key, _ => OciEmpty.Value), StringComparer.Ordinal);
    }

    private static IReadOnlyList<string>? MergeEnvironment(IReadOnlyList<string>? first, IReadOnlyList<string>? second)
    {
        if (first is not { Count: > 0 }) return second;
        var names = first.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        return [.. first, .. (second ?? []).Where(entry => !names.Contains(NameOf(entry)))];
    }

    private static string NameOf(string entry) => entry.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? entry[..equals] : entry;

    private static IReadOnlyDictionary<string, string>? MergeLabels(IReadOnlyDictionary<string, string>? first, IReadOnlyDictionary<string, string>? second)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in second ?? new Dictionary<string, string>()) merged[key] = value;
        foreach (var (key, value) in first ?? new Dictionary<string, string>()) merged[key] = value;
        return merged.Count > 0 ? merged : null;
    }

    private static OciHealthcheck MergeHealth(OciHealthcheck first, OciHealthcheck? second) => second is null ? first : first with
    {
        Test = first.Test is { Count: > 0 } ? first.Test : second.Test,
        Interval = first.Interval is null or 0 ? second.Interval : first.Interval,
        Timeout = first.Timeout is null or 0 ? second.Timeout : first.Timeout,
        StartPeriod = first.StartPeriod is null or 0 ? second.StartPeriod : first.StartPeriod,
        StartInterval = first.StartInterval is null or 0 ? second.StartInterval : first.StartInterval,
        Retries = first.Retries is null or 0 ? second.Retries : first.Retries,
    };
}
