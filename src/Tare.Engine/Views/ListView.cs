using System.Globalization;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Views;

/// <summary>The rows of <c>ps</c>.</summary>
internal sealed class ListView(ContainerRegistry registry, IImageSource images, NetworkSettingsView networks, TimeProvider time)
{
    private static readonly string[] States = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
    private static readonly string[] HealthStates = ["none", "starting", "healthy", "unhealthy"];

    /// <summary>The containers that the options ask for, newest first.</summary>
    public IReadOnlyList<ContainerSummary> Show(ContainerListOptions options)
    {
        var filters = options.Filters;
        filters.Validate(
            "ancestor", "before", "exited", "id", "isolation", "label", "name", "status", "health", "since", "volume", "network", "is-task", "publish", "expose");
        var query = Query.Read(filters, registry, images);
        var all = options.All || filters.Contains("status");
        var rows = new List<ContainerSummary>();
        var past = query.Before is null;
        foreach (var container in registry.All.OrderByDescending(container => container.Definition.Created).ThenBy(container => container.Id, StringComparer.Ordinal))
        {
            if (!past)
            {
                past = container.Id == query.Before;
                continue;
            }
            if (container.Id == query.Since) break;
            if (!container.State.IsRunning && !all && options.Limit <= 0) continue;
            if (options.Limit > 0 && rows.Count == options.Limit) break;
            if (Includes(container, filters, query)) rows.Add(Row(container, options.Size));
        }
        return rows;
    }

    /// <summary>Docker's words for what a container does, such as <c>Up 2 seconds</c>.</summary>
    public static string StatusOf(LifeState state, DateTimeOffset now)
    {
        string Since(DateTimeOffset? at) => HumanDuration.Of(now - (at ?? now));
        return state.Phase switch
        {
            Phase.Created => "Created",
            Phase.Running => $"Up {Since(state.StartedAt)}",
            Phase.Paused => $"Up {Since(state.StartedAt)} (Paused)",
            Phase.Restarting => $"Restarting ({state.ExitCode}) {Since(state.FinishedAt)} ago",
            Phase.Removing => "Removal In Progress",
            Phase.Dead => "Dead",
            // It has never run: its policy was called off before it did.
            _ => state.FinishedAt is null ? "Created" : $"Exited ({state.ExitCode}) {Since(state.FinishedAt)} ago",
        };
    }

    private bool Includes(Container container, Filters filters, Query query)
    {
        var (definition, state) = (container.Definition, container.State);
        if (!filters.Match("name", "/" + container.Name) && !filters.Match("name", container.Name)) return false;
        if (filters.Contains("id") && !filters.Get("id").Any(id => definition.Id.StartsWith(id, StringComparison.Ordinal))) return false;
        if (query.Tasks == true) return false;
        if (!filters.MatchPairs("label", definition.Config.Labels)) return false;
        if (query.Exited.Count > 0 && (state.IsRunning || state.StartedAt is null || !query.Exited.Contains(state.ExitCode))) return false;
        if (!filters.Match("status", state.Status)) return false;
        // No health check is run yet, which is what "none" says.
        if (!filters.ExactMatch("health", "none")) return false;
        if (filters.Contains("volume") && !filters.Get("volume").Any(volume => definition.Mounts.Any(mount => mount.Target == volume || mount.Source == volume || mount.Volume?.Name == volume || mount.Image?.Name == volume))) return false;
        if (query.Images is { } wanted && !wanted.Contains(definition.ImageId)) return false;
        if (filters.Contains("network") && !IsOn(container, filters.Get("network"))) return false;
        if (query.Published.Count > 0 && !NetworkSettingsView.Ports(container).Any(port => port.PublicPort > 0 && query.Published.Contains($"{port.PublicPort}/{port.Type}"))) return false;
        return query.Exposed.Count == 0 || (definition.Config.ExposedPorts ?? new HashSet<string>()).Any(query.Exposed.Contains);
    }

    /// <summary>A network may be called by its name, its id or a beginning of that.</summary>
    private bool IsOn(Container container, IReadOnlyList<string> wanted) => networks.Networks(container).Any(entry =>
        wanted.Contains(entry.Key) || wanted.Any(id => id.Length > 0 && entry.Value!.NetworkID.StartsWith(id, StringComparison.Ordinal)));

    private ContainerSummary Row(Container container, bool size)
    {
        var (definition, state) = (container.Definition, container.State);
        var upper = size && images.FindWritable(definition.Id) is { } files ? files.ChangedSize(CancellationToken.None) : 0;
        return new ContainerSummary
        {
            Id = definition.Id,
            Names = ["/" + container.Name],
            Image = ImageNameOf(definition),
            ImageID = definition.ImageId,
            Command = CommandOf(definition.Config),
            Created = definition.Created.ToUnixTimeSeconds(),
            SizeRw = upper,
            SizeRootFs = size ? upper + (images.Find(definition.ImageId)?.Size ?? 0) : 0,
            Labels = definition.Config.Labels ?? new Dictionary<string, string>(),
            State = state.Status,
            Status = StatusOf(state, time.GetUtcNow()),
            HostConfig = new ContainerSummaryHostConfig { NetworkMode = definition.HostConfig.NetworkMode, Annotations = definition.HostConfig.Annotations },
            NetworkSettings = new NetworkSettingsSummary { Networks = networks.Networks(container) },
            Ports = NetworkSettingsView.Ports(container),
            Mounts = [.. definition.Mounts.Where(mount => !mount.FromTmpfsOption).Select(mount => mount.ToWire())],
        };
    }

    /// <summary>The name that the container was made from, or the id when the name has moved to another image since.</summary>
    private string ImageNameOf(ContainerDefinition definition)
    {
        var name = definition.Config.Image;
        if (name == definition.ImageId) return name;
        return images.Find(name)?.Id == definition.ImageId ? name : definition.ImageId;
    }

    private static string CommandOf(ContainerConfig config)
    {
        var (path, arguments) = ConfigMerger.CommandOf(config);
        var command = string.Join(' ', (IEnumerable<string>)[path, .. arguments.Select(Quote)]);
        return command;
    }

    /// <summary>An argument with a blank in it is shown in quotes.</summary>
    private static string Quote(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"'{argument}'" : argument;

    private static (string Number, string Protocol) Split(string port)
    {
        var slash = port.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (port, "tcp") : (port[..slash], port[(slash + 1)..]);
    }

    /// <summary>The filters that are more than a text to compare with.</summary>
    private sealed record Query
    {
        public string? Before { get; init; }

        public string? Since { get; init; }

        public required IReadOnlyList<int> Exited { get; init; }

        public bool? Tasks { get; init; }

        public IReadOnlySet<string>? Images { get; init; }

        public required IReadOnlySet<string> Published { get; init; }

        public required IReadOnlySet<string> Exposed { get; init; }

        public static Query Read(Filters filters, ContainerRegistry registry, IImageSource images)
        {
            foreach (var status in filters.Get("status").Where(status => !States.Contains(status)))
                throw TareException.Invalid($"invalid filter 'status={status}': invalid value for state ({status}): must be one of {string.Join(", ", States)}");
            foreach (var health in filters.Get("health").Where(health => !HealthStates.Contains(health)))
                throw TareException.Invalid($"invalid filter 'health={health}': invalid value for health ({health}): must be one of {string.Join(", ", HealthStates)}");
            return new Query
            {
                Before = filters.Get("before") is [.., var before] ? registry.Find(before).Id : null,
                Since = filters.Get("since") is [.., var since] ? registry.Find(since).Id : null,
                Exited = [.. filters.Get("exited").Select(ExitCode)],
                Tasks = filters.Contains("is-task") ? filters.GetBoolean("is-task", otherwise: false) : null,
                Images = filters.Contains("ancestor") ? filters.Get("ancestor").Select(name => images.Find(name)?.Id ?? "").Where(id => id.Length > 0).ToHashSet() : null,
                Published = Ports(filters, "publish"),
                Exposed = Ports(filters, "expose"),
            };
        }

        private static int ExitCode(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var code)
            ? code
            : throw TareException.Invalid($"invalid filter 'exited={text}': strconv.Atoi: parsing \"{text}\": invalid syntax");

        private static HashSet<string> Ports(Filters filters, string key)
        {
            var ports = new HashSet<string>(StringComparer.Ordinal);
            foreach (var value in filters.Get(key))
            {
                if (value.Contains(':', StringComparison.Ordinal)) throw TareException.Invalid($"filter for '{key}' should not contain ':': {value}");
                var (range, protocol) = Split(value);
                var ends = range.Split('-');
                var (first, last) = (Number(ends[0]), Number(ends[^1]));
                if (ends.Length > 2 || last < first) throw Wrong($"Invalid range specified for the Port: {range}");
                for (int port = first; port <= last; port++) ports.Add($"{port}/{protocol}");

                ushort Number(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                    ? port
                    : throw Wrong($"strconv.ParseUint: parsing \"{text}\": {(text.Length > 0 && text.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax")}");

                TareException Wrong(string why) => TareException.Invalid($"error while looking up for {key} {value}: {why}");
            }
            return ports;
        }
    }
}
