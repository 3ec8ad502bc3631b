using System.Globalization;
using System.Net;
using Tare.Engine.Common;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>
/// Looks at everything that a request can ask for. Each option is honoured, or named in a warning, or refused with a sentence: none is
/// passed over.
/// </summary>
internal sealed class ConfigValidator(ResourceValidator resources)
{
    private const string HostGateway = "host-gateway";
    private const long MinimumHealthDuration = 1_000_000;

    /// <summary>Refuses what cannot be, adds warnings for what will not be. <paramref name="host"/> is changed.</summary>
    public void Validate(ContainerConfig config, HostConfig host, List<string> warnings)
    {
        ValidateConfig(config);
        ValidatePolicy(host);
        foreach (var entry in host.ExtraHosts ?? []) ValidateExtraHost(entry);
        ResolveLoopbackGateway(host);
        ValidatePorts(host);
        CapabilityNames.Validate("CapAdd", host.CapAdd);
        CapabilityNames.Validate("CapDrop", host.CapDrop);
        if (host.Annotations?.ContainsKey("") == true) throw TareException.Invalid("invalid Annotations: the empty string is not permitted as an annotation key");
        resources.Validate(host, warnings);
        ContainerModes.Validate(config, host);
        if (host.ShmSize < 0) throw TareException.Invalid("SHM size can not be less than 0");
        if (host.OomScoreAdj is < -1000 or > 1000)
            throw TareException.Invalid($"Invalid value {host.OomScoreAdj}, range for oom score adj is [-1000, 1000]");
        if (host.NetworkMode == "host" && host.PortBindings is { Count: > 0 }) warnings.Add("Published ports are discarded when using host network mode");
        if (host.Runtime is not (null or "runc" or "io.containerd.runc.v2" or "tare")) throw TareException.Invalid($"unknown or invalid runtime name: {host.Runtime}");
        RefuseWhatIsMissing(host);
        ValidateSysctls(host);
        ParsedSecurityOptions.Parse(host.SecurityOpt ?? []);
        LogSettings.Parse(host.LogConfig, warnings);
    }

    private static void ValidateConfig(ContainerConfig config)
    {
        if (config.WorkingDir.Length > 0)
        {
            if (config.WorkingDir[0] != '/')
                throw TareException.Invalid($"the working directory '{config.WorkingDir}' is invalid, it needs to be an absolute path");
            config.WorkingDir = MountParser.CleanPath(config.WorkingDir);
        }
        if (!string.IsNullOrEmpty(config.StopSignal)) Signals.Parse(config.StopSignal);
        foreach (var entry in config.Env ?? [])
        {
            if (entry.Length == 0 || entry[0] == '=') throw TareException.Invalid("invalid environment variable: " + entry);
            if (entry.Contains('\0', StringComparison.Ordinal)) throw TareException.Invalid("invalid environment variable: it contains a NUL byte");
        }
        if (config.Hostname.Length > 64) throw TareException.Invalid($"invalid hostname \"{config.Hostname}\": it is longer than 64 characters");
        if (config.Healthcheck is { } health) ValidateHealth(health);
    }

    private static void ValidateHealth(HealthConfig health)
    {
        if (health.Interval != 0 && health.Interval < MinimumHealthDuration) throw TareException.Invalid("Interval in Healthcheck cannot be less than 1ms");
        if (health.Timeout != 0 && health.Timeout < MinimumHealthDuration) throw TareException.Invalid("Timeout in Healthcheck cannot be less than 1ms");
        if (health.Retries < 0) throw TareException.Invalid("Retries in Healthcheck cannot be negative");
        if (health.StartPeriod != 0 && health.StartPeriod < MinimumHealthDuration) throw TareException.Invalid("StartPeriod in Healthcheck cannot be less than 1ms");
        if (health.StartInterval != 0 && health.StartInterval < MinimumHealthDuration) throw TareException.Invalid("StartInterval in Healthcheck cannot be less than 1ms");
    }

    /// <summary>Also used by update.</summary>
    public static void ValidateRestartPolicy(RestartPolicy policy)
    {
        switch (policy.Name)
        {
            case "":
                break;
            case "always" or "unless-stopped" or "no":
                if (policy.MaximumRetryCount == 0) break;
                throw TareException.Invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'"
                    + (policy.MaximumRetryCount < 0 ? " and cannot be negative" : ""));
            case "on-failure":
                if (policy.MaximumRetryCount < 0) throw TareException.Invalid("invalid restart policy: maximum retry count cannot be negative");
                break;
            default:
                throw TareException.Invalid($"invalid restart policy: unknown policy '{policy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
        }
    }

    private static void ValidatePolicy(HostConfig host)
    {
        ValidateRestartPolicy(host.RestartPolicy);
        if (host.AutoRemove && host.RestartPolicy.Name is not ("" or "no")) throw TareException.Invalid("can't create 'AutoRemove' container with restart policy");
    }

    private static void ValidateExtraHost(string entry)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw TareException.Invalid($"bad format for add-host: \"{entry}\"");
        var address = entry[(colon + 1)..];
        if (address != HostGateway && !IPAddress.TryParse(address.Trim('[', ']'), out _)) throw TareException.Invalid($"invalid IP address in add-host: \"{address}\"");
    }

    /// <summary>
    /// <c>host-gateway</c> is the host's address on the default bridge, which the start fills in. In the host's own network the host is at its
    /// loopback address.
    /// </summary>
    private static void ResolveLoopbackGateway(HostConfig host)
    {
        var wanted = (host.ExtraHosts ?? []).Where(entry => entry.EndsWith(":" + HostGateway, StringComparison.Ordinal)).ToArray();
        if (wanted.Length == 0) return;
        if (host.NetworkMode == "host") host.ExtraHosts = [.. host.ExtraHosts!.Select(entry => wanted.Contains(entry) ? entry[..^HostGateway.Length] + IPAddress.Loopback : entry)];
    }

    private static void ValidatePorts(HostConfig host)
    {
        foreach (var (port, bindings) in host.PortBindings ?? new Dictionary<string, IReadOnlyList<PortBinding>?>())
        {
            var number = port.Split('/')[0];
            if (!IsPort(number)) throw TareException.Invalid($"invalid port specification: \"{number}\"");
            foreach (var binding in bindings ?? [])
            {
                var ends = binding.HostPort.Split('-');
                if (binding.HostPort.Length > 0 && (ends.Length > 2 || !ends.All(IsPort)))
                    throw TareException.Invalid($"invalid port specification: \"{binding.HostPort}\"");
            }
        }
    }

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static void RefuseWhatIsMissing(HostConfig host)
    {
        if (host.StorageOpt is { Count: > 0 }) throw TareException.NotImplemented("--storage-opt is not supported: a container's files share the disk of the data root");
        if (host.IpcMode == "none") throw TareException.NotImplemented("--ipc none is not supported: use --ipc private");
    }

    private static void ValidateSysctls(HostConfig host)
    {
        foreach (var name in host.Sysctls?.Keys ?? [])
        {
            var ipc = name is "kernel.msgmax" or "kernel.msgmnb" or "kernel.msgmni" or "kernel.sem" or "kernel.shmall" or "kernel.shmmax" or "kernel.shmmni"
                or "kernel.shm_rmid_forced" || name.StartsWith("fs.mqueue.", StringComparison.Ordinal);
            var net = name.StartsWith("net.", StringComparison.Ordinal);
            if (!ipc && !net) throw TareException.Invalid($"sysctl '{name}' is not whitelisted");
            if (net && host.NetworkMode == "host") throw TareException.Invalid($"sysctl '{name}' is not allowed in the host's network namespace");
            if (ipc && host.IpcMode == "host") throw TareException.Invalid($"sysctl '{name}' is not allowed in the host's ipc namespace");
        }
    }
}
