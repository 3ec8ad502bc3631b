using System.Globalization;
using System.Text.Json;
using Tare.Errors;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Containers;

/// <summary>What the runtime keeps of a container beside its configuration.</summary>
internal sealed record ContainerRecord
{
    public required string Id { get; init; }

    /// <summary>The absolute path of the bundle, as it was given.</summary>
    public required string Bundle { get; init; }

    /// <summary>The absolute path of the root filesystem, its links followed.</summary>
    public required string Rootfs { get; init; }

    /// <summary>The process, in the pid namespace of the runtime that created it; 0: it was not there yet when this was written.</summary>
    public int Pid { get; init; }

    /// <summary>When the process began, in clock ticks since boot: with it the pid names no other process.</summary>
    public ulong StartTime { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The user who created it.</summary>
    public required uint Owner { get; init; }

    public required CgroupState Cgroup { get; init; }

    /// <summary>The step of its launch program that executes what it runs.</summary>
    public int LastStep { get; init; }

    /// <summary>Whether it has a pid namespace of its own: the end of its first process is then the end of all.</summary>
    public bool OwnsProcesses { get; init; }

    /// <summary>Whether its mounts are in the runtime's own mount namespace, and have to be undone.</summary>
    public bool MountsInHost { get; init; }

    /// <summary>The mount of its root in the runtime's namespace (<see cref="Linux.Mounts.IdOf"/>); 0: there is none.</summary>
    public ulong RootMount { get; init; }

    /// <summary>The directory of resctrl that the runtime has made for it (<see cref="ResourceControl.Made"/>), or null.</summary>
    public string? ResourceControlGroup { get; init; }

    public byte[] Write()
    {
        var json = new StateText();
        json.Add("id", Id);
        json.Add("bundle", Bundle);
        json.Add("rootfs", Rootfs);
        json.Add("pid", (ulong)Pid);
        json.Add("startTime", StartTime);
        json.Add("created", Created.ToString("O", CultureInfo.InvariantCulture));
        json.Add("owner", Owner);
        json.Add("lastStep", (ulong)LastStep);
        json.Add("ownsProcesses", OwnsProcesses);
        json.Add("mountsInHost", MountsInHost);
        if (RootMount != 0) json.Add("rootMount", RootMount);
        if (ResourceControlGroup is not null) json.Add("resourceControlGroup", ResourceControlGroup);
        json.Open("cgroup");
        if (Cgroup.Unit is not null) json.Add("unit", Cgroup.Unit);
        json.Add("rootless", Cgroup.IsRootless);
        json.Open("paths");
        foreach (var (controller, path) in Cgroup.Paths) json.Add(controller, path);
        json.Close();
        json.Close();
        return json.Finish();
    }

    /// <exception cref="TareException">It was not written by this runtime.</exception>
    public static ContainerRecord Read(ReadOnlyMemory<byte> utf8, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8);
            var state = document.RootElement;
            var cgroup = state.GetProperty("cgroup"u8);
            var paths = new Dictionary<string, string>();
            foreach (var entry in cgroup.GetProperty("paths"u8).EnumerateObject()) paths[entry.Name] = entry.Value.GetString()!;
            return new ContainerRecord
            {
                Id = state.GetProperty("id"u8).GetString()!,
                Bundle = state.GetProperty("bundle"u8).GetString()!,
                Rootfs = state.GetProperty("rootfs"u8).GetString()!,
                Pid = state.GetProperty("pid"u8).GetInt32(),
                StartTime = state.GetProperty("startTime"u8).GetUInt64(),
                Created = state.GetProperty("created"u8).GetDateTimeOffset(),
                Owner = state.GetProperty("owner"u8).GetUInt32(),
                LastStep = state.GetProperty("lastStep"u8).GetInt32(),
                OwnsProcesses = state.GetProperty("ownsProcesses"u8).GetBoolean(),
                MountsInHost = state.GetProperty("mountsInHost"u8).GetBoolean(),
                RootMount = state.TryGetProperty("rootMount"u8, out var mount) ? mount.GetUInt64() : 0,
                ResourceControlGroup = state.TryGetProperty("resourceControlGroup"u8, out var group) ? group.GetString() : null,
                Cgroup = new CgroupState(paths, cgroup.TryGetProperty("unit"u8, out var unit) ? unit.GetString() : null, cgroup.GetProperty("rootless"u8).GetBoolean()),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw TareException.Internal($"the state file {path} is damaged ({e.Message}): kill what is left of the container and remove its directory", e);
        }
    }
}
