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

    /// <summary>The directory of its Intel RDT group that the runtime has made, or null.</summary>
    public string? ResourceControlGroup { get; init; }

    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, Id);
            json.WriteString("bundle"u8, Bundle);
            json.WriteString("rootfs"u8, Rootfs);
            json.WriteNumber("pid"u8, Pid);
            json.WriteNumber("startTime"u8, StartTime);
            json.WriteString("created"u8, Created);
            json.WriteNumber("owner"u8, Owner);
            json.WriteNumber("lastStep"u8, LastStep);
            json.WriteBoolean("ownsProcesses"u8, OwnsProcesses);
            json.WriteBoolean("mountsInHost"u8, MountsInHost);
            if (RootMount != 0) json.WriteNumber("rootMount"u8, RootMount);
            if (ResourceControlGroup is not null) json.WriteString("resourceControlGroup"u8, ResourceControlGroup);
            json.WriteStartObject("cgroup"u8);
            if (Cgroup.Unit is not null) json.WriteString("unit"u8, Cgroup.Unit);
            json.WriteBoolean("rootless"u8, Cgroup.IsRootless);
            json.WriteStartObject("paths"u8);
            foreach (var (controller, path) in Cgroup.Paths) json.WriteString(controller, path);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
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
