using System.Security.Cryptography;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Host;
using Tare.Engine.Images;
using Tare.Engine.Launch;
using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Volumes;
using Tare.Errors;
using Tare.Images.Roots;
using Tare.Networks;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>Makes containers: looks at the request, fills it from the image, makes the files, writes it down.</summary>
internal sealed class ContainerCreator(
    ContainerRegistry registry,
    ConfigValidator validator,
    IImageSource images,
    ContainerVolumes volumes,
    NetworkStore networks,
    AwaitedPlaces awaited,
    ContainerEvents events,
    EnginePaths paths,
    CgroupFacts cgroups,
    TimeProvider time)
{
    // As runc and Docker have them.
    private static readonly string[] DefaultMaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] DefaultReadOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    private const long DefaultShmSize = 64 << 20;

    private readonly ImageMounts imageMounts = new(images);

    /// <summary>Creates a container; a failure leaves nothing of it.</summary>
    public async Task<ContainerCreateResponse> CreateAsync(string? name, string? platform, ContainerCreateRequest request)
    {
        var bare = string.IsNullOrEmpty(name) ? null : ContainerName.Parse(name);
        var warnings = new List<string>();
        var host = request.HostConfig is { } given ? given with { } : new HostConfig();
        if (host.RestartPolicy.Name.Length == 0) host.RestartPolicy = host.RestartPolicy with { Name = "no" };
        if (host.NetworkMode is "" or "default") host.NetworkMode = request.NetworkDisabled ? "none" : "bridge";
        var wanted = (ContainerConfig)(request with { HostConfig = null, NetworkingConfig = null });
        validator.Validate(wanted, host, warnings);
        if (wanted.Image.Length == 0) throw TareException.Invalid("no image specified: a container is made from an image");
        var image = images.Resolve(wanted.Image, ImageNames.Platform(platform ?? ""));
        WarnOfPlatform(image, platform, warnings);
        var config = ConfigMerger.Merge(wanted, image.Config);
        Complete(host);
        var networking = CheckNetworks(host, request.NetworkingConfig);
        var mounts = imageMounts.Resolve(MountParser.Parse(host, config.Volumes ?? (IEnumerable<string>)[], MountsOf));
        WarnOfWhatIsKeptOnly(wanted, warnings);

        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        if (ContainerModes.IsContainer(host.NetworkMode, out var owner) && registry.TryFind(owner) is { } other) (config.Hostname, config.Domainname) = (other.Definition.Config.Hostname, other.Definition.Config.Domainname);
        if (config.Hostname.Length == 0) config.Hostname = host.NetworkMode == "host" || host.UTSMode == "host" ? MachineFacts.HostName() : id[..12];
        var definition = new ContainerDefinition
        {
            Id = id,
            Created = time.GetUtcNow(),
            ImageId = image.Id,
            Config = config,
            HostConfig = host,
            Mounts = mounts,
            Networking = networking,
        };
        // A copy takes as long as its files take, and there are few threads for all that is quick.
        if (images.Driver == StorageDriver.Vfs || ContainerVolumes.NeedFilling(mounts)) await BackgroundWork.OnOwnThread(() => Make(definition, bare));
        else Make(definition, bare);
        return new ContainerCreateResponse { Id = id, Warnings = warnings };
    }

    private void Make(ContainerDefinition definition, string? name)
    {
        // The name first: it is what most often cannot be had, and costs nothing to give back.
        if (name is not null) registry.ReserveName(name, definition.Id);
        else name = registry.ReserveGeneratedName(definition.Id);
        IReadOnlyList<EndpointState>? places = null;
        try
        {
            Directory.CreateDirectory(paths.Container(definition.Id));
            var root = images.CreateWritable(definition.Id, definition.ImageId, ImageMounts.Ids(definition.Mounts));
            definition = definition with { Mounts = volumes.Claim(definition.Id, imageMounts.Place(definition.Id, definition.Mounts)) };
            volumes.Fill(definition.Id, definition.Mounts, root);
            places = awaited.Keep(definition);
            var container = new Container(definition, name, new LifeState { Awaited = places });
            registry.Add(container);
            awaited.Announce(container);
            volumes.Keep(definition.Id, definition.Mounts);
            events.Publish(container, EventAction.Create);
        }
        catch
        {
            registry.ReleaseName(name, definition.Id);
            awaited.GiveUp(places);
            volumes.Abandon(definition.Id);
            images.RemoveWritable(definition.Id);
            if (Directory.Exists(paths.Container(definition.Id))) Directory.Delete(paths.Container(definition.Id), recursive: true);
            throw;
        }
    }

    /// <summary>Fills in what the user left to the engine, so that inspect shows it.</summary>
    private void Complete(HostConfig host)
    {
        if (host is { Memory: > 0, MemorySwap: 0 }) host.MemorySwap = host.Memory * 2;
        if (host.ShmSize == 0) host.ShmSize = DefaultShmSize;
        if (host.IpcMode.Length == 0) host.IpcMode = "private";
        if (host.CgroupnsMode.Length == 0) host.CgroupnsMode = cgroups.Unified ? "private" : "host";
        host.PidMode = ContainerModes.ByContainerId(host.PidMode, IdOf);
        host.IpcMode = ContainerModes.ByContainerId(host.IpcMode, IdOf);
        host.NetworkMode = ContainerModes.ByContainerId(host.NetworkMode, IdOf);
        host.OomKillDisable ??= cgroups.OomKillDisable ? false : null;
        host.Runtime ??= "tare";
        if (host.LogConfig.Type.Length == 0) host.LogConfig = host.LogConfig with { Type = LogSettings.DefaultDriver };
        if (host.LogConfig.Config is null) host.LogConfig = host.LogConfig with { Config = new Dictionary<string, string>() };
        if (host.Privileged) return;
        host.MaskedPaths ??= DefaultMaskedPaths;
        host.ReadonlyPaths ??= DefaultReadOnlyPaths;
    }

    private string? IdOf(string nameOrId)
    {
        try
        {
            return registry.Find(nameOrId).Id;
        }
        catch (TareException)
        {
            // The start says that there is none, as Docker does.
            return null;
        }
    }

    /// <summary>What <c>--volumes-from</c> takes over. Without that container the request is wrong; only a missing image is "not found".</summary>
    private IReadOnlyList<ContainerMount> MountsOf(string nameOrId)
    {
        try
        {
            return registry.Find(nameOrId).Definition.Mounts;
        }
        catch (TareException e)
        {
            throw TareException.Invalid(e.Message, e);
        }
    }

    /// <summary>
    /// Refuses what makes no sense on a network. One that is not there is told at the start, as Docker does: it may be made until then, and
    /// clients take "not found" at create for a missing image, which they then pull.
    /// </summary>
    private NetworkingConfig CheckNetworks(HostConfig host, NetworkingConfig? given)
    {
        foreach (var (name, endpoint) in given?.EndpointsConfig ?? new Dictionary<string, EndpointSettings?>())
        {
            if (endpoint is null) throw TareException.Invalid($"invalid config for network {name}: EndpointsConfig is nil");
            try
            {
                Attachments.Check(name, Attachments.Find(networks.Catalog, name), endpoint);
            }
            catch (TareException e) when (e.Kind == ErrorKind.InvalidArgument)
            {
                throw TareException.Invalid($"invalid config for network {(name == "default" ? PredefinedNetworks.Bridge : name)}: {e.Message}", e);
            }
        }

        foreach (var link in host.Links ?? [])
        {
            var target = link.Split(':', 2)[0];
            if (IdOf(target) is null) throw TareException.Invalid($"could not get container for {target}: No such container: {target}");
        }

        return Attachments.Complete(host, given);
    }

    private static void WarnOfPlatform(ContainerImage image, string? platform, List<string> warnings)
    {
        var host = PlatformSpecifier.HostArchitecture;
        if (!string.IsNullOrEmpty(platform) || image.Architecture.Length == 0 || image.Architecture == host) return;
        warnings.Add($"The requested image's platform ({image.Os}/{image.Architecture}) does not match the detected host platform (linux/{host}) and no specific platform was requested");
    }

    /// <summary>What is stored, shown by inspect, and has no effect yet.</summary>
    private static void WarnOfWhatIsKeptOnly(ContainerConfig wanted, List<string> warnings)
    {
        if (wanted.Healthcheck is { Test: { Count: > 0 } test } && test[0] != "NONE") warnings.Add("the health check is stored and not run yet");
    }
}
