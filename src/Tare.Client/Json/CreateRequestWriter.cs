using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client.Json;

/// <summary>
/// Writes the bodies of create requests by hand, leaving out what is empty. The serializer's metadata of this many types costs a
/// millisecond of start, a third of a whole <c>tare run</c>. Members that are rarely set go through the serializer, and a test holds both
/// to the same document.
/// </summary>
internal static class CreateRequestWriter
{
    public static ReadOnlyMemory<byte> Write(ContainerCreateRequest request)
    {
        var target = new ArrayBufferWriter<byte>(1024);
        using (var json = Start(target))
        {
            json.WriteStartObject();
            WriteConfig(json, request);
            if (request.HostConfig is { } host)
            {
                json.WriteStartObject("HostConfig");
                WriteResources(json, host);
                WriteHost(json, host);
                json.WriteEndObject();
            }

            Rare(json, "NetworkingConfig", request.NetworkingConfig, request.NetworkingConfig is not null);
            json.WriteEndObject();
        }

        return target.WrittenMemory;
    }

    public static ReadOnlyMemory<byte> Write(ExecCreateRequest request)
    {
        var target = new ArrayBufferWriter<byte>(256);
        using (var json = Start(target))
        {
            json.WriteStartObject();
            Text(json, "User", request.User);
            Flag(json, "Privileged", request.Privileged);
            Flag(json, "Tty", request.Tty);
            Numbers(json, "ConsoleSize", request.ConsoleSize);
            Flag(json, "AttachStdin", request.AttachStdin);
            Flag(json, "AttachStdout", request.AttachStdout);
            Flag(json, "AttachStderr", request.AttachStderr);
            Flag(json, "Detach", request.Detach);
            Text(json, "DetachKeys", request.DetachKeys);
            Words(json, "Env", request.Env);
            Text(json, "WorkingDir", request.WorkingDir);
            Words(json, "Cmd", request.Cmd);
            json.WriteEndObject();
        }

        return target.WrittenMemory;
    }

    public static ReadOnlyMemory<byte> Write(ExecStartRequest request)
    {
        var target = new ArrayBufferWriter<byte>(64);
        using (var json = Start(target))
        {
            json.WriteStartObject();
            json.WriteBoolean("Detach", request.Detach);
            json.WriteBoolean("Tty", request.Tty);
            Numbers(json, "ConsoleSize", request.ConsoleSize);
            json.WriteEndObject();
        }

        return target.WrittenMemory;
    }

    private static Utf8JsonWriter Start(IBufferWriter<byte> target)
        => new(target, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    private static void WriteConfig(Utf8JsonWriter json, ContainerCreateRequest c)
    {
        Text(json, "Hostname", c.Hostname);
        Text(json, "Domainname", c.Domainname);
        Text(json, "User", c.User);
        Flag(json, "AttachStdin", c.AttachStdin);
        Flag(json, "AttachStdout", c.AttachStdout);
        Flag(json, "AttachStderr", c.AttachStderr);
        Set(json, "ExposedPorts", c.ExposedPorts);
        Flag(json, "Tty", c.Tty);
        Flag(json, "OpenStdin", c.OpenStdin);
        Flag(json, "StdinOnce", c.StdinOnce);
        Words(json, "Env", c.Env);
        Words(json, "Cmd", c.Cmd);
        Rare(json, "Healthcheck", c.Healthcheck, c.Healthcheck is not null);
        Flag(json, "ArgsEscaped", c.ArgsEscaped);
        Text(json, "Image", c.Image);
        Set(json, "Volumes", c.Volumes);
        Text(json, "WorkingDir", c.WorkingDir);
        Words(json, "Entrypoint", c.Entrypoint);
        Flag(json, "NetworkDisabled", c.NetworkDisabled);
        Text(json, "MacAddress", c.MacAddress);
        Words(json, "OnBuild", c.OnBuild);
        Map(json, "Labels", c.Labels);
        Text(json, "StopSignal", c.StopSignal);
        if (c.StopTimeout is { } seconds) json.WriteNumber("StopTimeout", seconds);
        Words(json, "Shell", c.Shell);
    }

    private static void WriteResources(Utf8JsonWriter json, Resources r)
    {
        Number(json, "CpuShares", r.CpuShares);
        Number(json, "Memory", r.Memory);
        Number(json, "NanoCpus", r.NanoCpus);
        Text(json, "CgroupParent", r.CgroupParent);
        Number(json, "BlkioWeight", r.BlkioWeight);
        Rare(json, "BlkioWeightDevice", r.BlkioWeightDevice, r.BlkioWeightDevice?.Count > 0);
        Rare(json, "BlkioDeviceReadBps", r.BlkioDeviceReadBps, r.BlkioDeviceReadBps?.Count > 0);
        Rare(json, "BlkioDeviceWriteBps", r.BlkioDeviceWriteBps, r.BlkioDeviceWriteBps?.Count > 0);
        Rare(json, "BlkioDeviceReadIOps", r.BlkioDeviceReadIOps, r.BlkioDeviceReadIOps?.Count > 0);
        Rare(json, "BlkioDeviceWriteIOps", r.BlkioDeviceWriteIOps, r.BlkioDeviceWriteIOps?.Count > 0);
        Number(json, "CpuPeriod", r.CpuPeriod);
        Number(json, "CpuQuota", r.CpuQuota);
        Number(json, "CpuRealtimePeriod", r.CpuRealtimePeriod);
        Number(json, "CpuRealtimeRuntime", r.CpuRealtimeRuntime);
        Text(json, "CpusetCpus", r.CpusetCpus);
        Text(json, "CpusetMems", r.CpusetMems);
        Rare(json, "Devices", r.Devices, r.Devices?.Count > 0);
        Words(json, "DeviceCgroupRules", r.DeviceCgroupRules);
        Rare(json, "DeviceRequests", r.DeviceRequests, r.DeviceRequests?.Count > 0);
        Number(json, "KernelMemory", r.KernelMemory);
        Number(json, "KernelMemoryTCP", r.KernelMemoryTCP);
        Number(json, "MemoryReservation", r.MemoryReservation);
        Number(json, "MemorySwap", r.MemorySwap);
        if (r.MemorySwappiness is { } swappiness) json.WriteNumber("MemorySwappiness", swappiness);
        if (r.OomKillDisable is { } disable) json.WriteBoolean("OomKillDisable", disable);
        if (r.PidsLimit is { } pids) json.WriteNumber("PidsLimit", pids);
        Rare(json, "Ulimits", r.Ulimits, r.Ulimits?.Count > 0);
        Number(json, "CpuCount", r.CpuCount);
        Number(json, "CpuPercent", r.CpuPercent);
        if (r.IOMaximumIOps != 0) json.WriteNumber("IOMaximumIOps", r.IOMaximumIOps);
        if (r.IOMaximumBandwidth != 0) json.WriteNumber("IOMaximumBandwidth", r.IOMaximumBandwidth);
    }

    private static void WriteHost(Utf8JsonWriter json, HostConfig h)
    {
        Words(json, "Binds", h.Binds);
        Text(json, "ContainerIDFile", h.ContainerIDFile);
        Rare(json, "LogConfig", h.LogConfig, h.LogConfig.Type.Length > 0 || h.LogConfig.Config is not null);
        Text(json, "NetworkMode", h.NetworkMode);
        Rare(json, "PortBindings", h.PortBindings, h.PortBindings?.Count > 0);
        if (h.RestartPolicy.Name.Length > 0 || h.RestartPolicy.MaximumRetryCount != 0)
        {
            json.WriteStartObject("RestartPolicy");
            json.WriteString("Name", h.RestartPolicy.Name);
            Number(json, "MaximumRetryCount", h.RestartPolicy.MaximumRetryCount);
            json.WriteEndObject();
        }

        Flag(json, "AutoRemove", h.AutoRemove);
        Text(json, "VolumeDriver", h.VolumeDriver);
        Words(json, "VolumesFrom", h.VolumesFrom);
        Numbers(json, "ConsoleSize", h.ConsoleSize);
        Map(json, "Annotations", h.Annotations);
        Words(json, "CapAdd", h.CapAdd);
        Words(json, "CapDrop", h.CapDrop);
        Text(json, "CgroupnsMode", h.CgroupnsMode);
        Words(json, "Dns", h.Dns);
        Words(json, "DnsOptions", h.DnsOptions);
        Words(json, "DnsSearch", h.DnsSearch);
        Words(json, "ExtraHosts", h.ExtraHosts);
        Words(json, "GroupAdd", h.GroupAdd);
        Text(json, "IpcMode", h.IpcMode);
        Text(json, "Cgroup", h.Cgroup);
        Words(json, "Links", h.Links);
        Number(json, "OomScoreAdj", h.OomScoreAdj);
        Text(json, "PidMode", h.PidMode);
        Flag(json, "Privileged", h.Privileged);
        Flag(json, "PublishAllPorts", h.PublishAllPorts);
        Flag(json, "ReadonlyRootfs", h.ReadonlyRootfs);
        Words(json, "SecurityOpt", h.SecurityOpt);
        Map(json, "StorageOpt", h.StorageOpt);
        Map(json, "Tmpfs", h.Tmpfs);
        Text(json, "UTSMode", h.UTSMode);
        Text(json, "UsernsMode", h.UsernsMode);
        Number(json, "ShmSize", h.ShmSize);
        Map(json, "Sysctls", h.Sysctls);
        Text(json, "Runtime", h.Runtime);
        Text(json, "Isolation", h.Isolation);
        Rare(json, "Mounts", h.Mounts, h.Mounts?.Count > 0);
        Words(json, "MaskedPaths", h.MaskedPaths);
        Words(json, "ReadonlyPaths", h.ReadonlyPaths);
        if (h.Init is { } init) json.WriteBoolean("Init", init);
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) json.WriteString(name, value);
    }

    private static void Flag(Utf8JsonWriter json, string name, bool value)
    {
        if (value) json.WriteBoolean(name, true);
    }

    private static void Number(Utf8JsonWriter json, string name, long value)
    {
        if (value != 0) json.WriteNumber(name, value);
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<int>? values)
    {
        if (values is null) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    /// <summary>An empty list is not the same as none: it resets an entrypoint, and masks no path.</summary>
    private static void Words(Utf8JsonWriter json, string name, IReadOnlyList<string>? values)
    {
        if (values is null) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void Set(Utf8JsonWriter json, string name, IReadOnlySet<string>? values)
    {
        if (values is null) return;
        json.WriteStartObject(name);
        foreach (var value in values)
        {
            json.WriteStartObject(value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Map(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string>? values)
    {
        if (values is null) return;
        json.WriteStartObject(name);
        foreach (var (key, value) in values) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void Rare<T>(Utf8JsonWriter json, string name, T value, bool present)
    {
        if (!present) return;
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, value, WireJson.Of<T>());
    }
}
