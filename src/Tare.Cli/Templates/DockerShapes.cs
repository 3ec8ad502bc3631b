namespace Tare.Cli.Templates;

/// <summary>The types of Docker's API, as its templates see them (API 1.51).</summary>
internal static class DockerShapes
{
    public static Shape Container => Inspected["container.InspectResponse"];

    public static Shape Network => Inspected["network.Inspect"];

    public static Shape Image => Inspected["image.InspectResponse"];

    public static Shape Volume => Inspected["volume.Volume"];

    public static Shape Event => Others["events.Message"];

    public static Shape Version => Others["types.Version"];

    public static Shape Info => Others["system.Info"];

    private static Dictionary<string, Shape> Inspected => field ??= Shape.Parse(Inspection);

    private static Dictionary<string, Shape> Others => field ??= Shape.Parse(System);

    private const string Inspection =
        """
        container.InspectResponse: +container.ContainerJSONBase Mounts:[]container.MountPoint Config:*container.Config NetworkSettings:*container.NetworkSettings ImageManifestDescriptor:*v1.Descriptor?
        container.ContainerJSONBase: ID=Id:s Created:s Path:s Args:[]s State:*container.State Image:s ResolvConfPath:s HostnamePath:s HostsPath:s LogPath:s Name:s RestartCount:i Driver:s Platform:s MountLabel:s ProcessLabel:s AppArmorProfile:s ExecIDs:[]s HostConfig:*container.HostConfig GraphDriver:storage.DriverData SizeRw:*i? SizeRootFs:*i?
        container.State: Status:s Running:b Paused:b Restarting:b OOMKilled:b Dead:b Pid:i ExitCode:i Error:s StartedAt:s FinishedAt:s Health:*container.Health?
        container.Health: Status:s FailingStreak:i Log:[]*container.HealthcheckResult
        container.HealthcheckResult: Start:t End:t ExitCode:i Output:s
        container.MountPoint: Type:s? Name:s? Source:s Destination:s Driver:s? Mode:s RW:b Propagation:s
        container.Config: Hostname:s Domainname:s User:s AttachStdin:b AttachStdout:b AttachStderr:b ExposedPorts:portset? Tty:b OpenStdin:b StdinOnce:b Env:[]s Cmd:[]s Healthcheck:*container.HealthConfig? ArgsEscaped:b? Image:s Volumes:set WorkingDir:s Entrypoint:[]s NetworkDisabled:b? MacAddress:s? OnBuild:[]s Labels:{}s StopSignal:s? StopTimeout:*i? Shell:[]s?
        container.HealthConfig: Test:[]s? Interval:i? Timeout:i? StartPeriod:i? StartInterval:i? Retries:i?
        container.NetworkSettings: +container.NetworkSettingsBase +container.DefaultNetworkSettings Networks:{}*network.EndpointSettings
        container.NetworkSettingsBase: Bridge:s SandboxID:s SandboxKey:s Ports:ports HairpinMode:b LinkLocalIPv6Address:s LinkLocalIPv6PrefixLen:i SecondaryIPAddresses:[]network.Address SecondaryIPv6Addresses:[]network.Address
        container.DefaultNetworkSettings: EndpointID:s Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i IPAddress:s IPPrefixLen:i IPv6Gateway:s MacAddress:s
        network.EndpointSettings: IPAMConfig:*network.EndpointIPAMConfig Links:[]s Aliases:[]s MacAddress:s DriverOpts:{}s GwPriority:i NetworkID:s EndpointID:s Gateway:s IPAddress:s IPPrefixLen:i IPv6Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i DNSNames:[]s
        network.EndpointIPAMConfig: IPv4Address:s? IPv6Address:s? LinkLocalIPs:[]s?
        network.Address: Addr:s PrefixLen:i
        network.Inspect: Name:s ID=Id:s Created:t Scope:s Driver:s EnableIPv4:b EnableIPv6:b IPAM:network.IPAM Internal:b Attachable:b Ingress:b ConfigFrom:network.ConfigReference ConfigOnly:b Containers:{}network.EndpointResource Options:{}s Labels:{}s Peers:[]network.PeerInfo? Services:{}any?
        network.IPAM: Driver:s Options:{}s Config:[]network.IPAMConfig
        network.IPAMConfig: Subnet:s? IPRange:s? Gateway:s? AuxAddress=AuxiliaryAddresses:{}s?
        network.ConfigReference: Network:s
        network.EndpointResource: Name:s EndpointID:s MacAddress:s IPv4Address:s IPv6Address:s
        network.PeerInfo: Name:s IP:s
        nat.PortBinding: HostIP=HostIp:s HostPort:s
        container.HostConfig: Binds:[]s ContainerIDFile:s LogConfig:container.LogConfig NetworkMode:s PortBindings:ports RestartPolicy:container.RestartPolicy AutoRemove:b VolumeDriver:s VolumesFrom:[]s ConsoleSize:[]i Annotations:{}s? CapAdd:[]s CapDrop:[]s CgroupnsMode:s DNS=Dns:[]s DNSOptions=DnsOptions:[]s DNSSearch=DnsSearch:[]s ExtraHosts:[]s GroupAdd:[]s IpcMode:s Cgroup:s Links:[]s OomScoreAdj:i PidMode:s Privileged:b PublishAllPorts:b ReadonlyRootfs:b SecurityOpt:[]s StorageOpt:{}s? Tmpfs:{}s? UTSMode:s UsernsMode:s ShmSize:i Sysctls:{}s? Runtime:s? Isolation:s +container.Resources Mounts:[]mount.Mount? MaskedPaths:[]s ReadonlyPaths:[]s Init:*b?
        container.Resources: CPUShares=CpuShares:i Memory:i NanoCPUs=NanoCpus:i CgroupParent:s BlkioWeight:i BlkioWeightDevice:[]any BlkioDeviceReadBps:[]any BlkioDeviceWriteBps:[]any BlkioDeviceReadIOps:[]any BlkioDeviceWriteIOps:[]any CPUPeriod=CpuPeriod:i CPUQuota=CpuQuota:i CPURealtimePeriod=CpuRealtimePeriod:i CPURealtimeRuntime=CpuRealtimeRuntime:i CpusetCpus:s CpusetMems:s Devices:[]container.DeviceMapping DeviceCgroupRules:[]s DeviceRequests:[]any KernelMemory:i? KernelMemoryTCP:i? MemoryReservation:i MemorySwap:i MemorySwappiness:*i OomKillDisable:*b PidsLimit:*i Ulimits:[]*container.Ulimit CPUCount=CpuCount:i CPUPercent=CpuPercent:i IOMaximumIOps:i IOMaximumBandwidth:i
        container.LogConfig: Type:s Config:{}s
        container.RestartPolicy: Name:s MaximumRetryCount:i
        container.DeviceMapping: PathOnHost:s PathInContainer:s CgroupPermissions:s
        container.Ulimit: Name:s Hard:i Soft:i
        mount.Mount: Type:s? Source:s? Target:s? ReadOnly:b? Consistency:s? BindOptions:*mount.BindOptions? VolumeOptions:*mount.VolumeOptions? ImageOptions:*mount.ImageOptions? TmpfsOptions:*mount.TmpfsOptions? ClusterOptions:any?
        mount.BindOptions: Propagation:s? NonRecursive:b? CreateMountpoint:b? ReadOnlyNonRecursive:b? ReadOnlyForceRecursive:b?
        mount.VolumeOptions: NoCopy:b? Labels:{}s? Subpath:s? DriverConfig:any?
        mount.ImageOptions: Subpath:s?
        mount.TmpfsOptions: SizeBytes:i? Mode:i? Options:[]any?
        storage.DriverData: Data:{}s Name:s
        v1.Descriptor: MediaType=mediaType:s Digest=digest:s Size=size:i URLs=urls:[]s? Annotations=annotations:{}s? Data=data:any? Platform=platform:*v1.Platform? ArtifactType=artifactType:s?
        v1.Platform: Architecture=architecture:s OS=os:s OSVersion=os.version:s? OSFeatures=os.features:[]s? Variant=variant:s?
        image.InspectResponse: ID=Id:s RepoTags:[]s RepoDigests:[]s Parent:s Comment:s Created:s? Container:s? ContainerConfig:*container.Config? DockerVersion:s Author:s Config:*image.Config Architecture:s Variant:s? Os:s OsVersion:s? Size:i VirtualSize:i? GraphDriver:storage.DriverData RootFS:image.RootFS Metadata:image.Metadata Descriptor:*v1.Descriptor? Manifests:[]any?
        image.Config: User:s? ExposedPorts:set? Env:[]s? Entrypoint:[]s? Cmd:[]s? Volumes:set? WorkingDir:s? Labels:{}s? StopSignal:s? ArgsEscaped:b? Healthcheck:*container.HealthConfig? OnBuild:[]s? Shell:[]s?
        image.RootFS: Type:s? Layers:[]s?
        image.Metadata: LastTagTime:t
        volume.Volume: ClusterVolume:*volume.ClusterVolume? CreatedAt:s? Driver:s Labels:{}s Mountpoint:s Name:s Options:{}s Scope:s Status:{}s? UsageData:*volume.UsageData?
        volume.ClusterVolume: ID:s?
        volume.UsageData: RefCount:i Size:i
        """;

    private const string System =
        """
        events.Message: Status=status:s? ID=id:s? From=from:s? Type:s Action:s Actor:events.Actor Scope=scope:s? Time=time:i? TimeNano=timeNano:i?
        events.Actor: ID:s Attributes:{}s
        types.Version: Platform:types.Platform Components:[]types.ComponentVersion? Version:s APIVersion=ApiVersion:s MinAPIVersion:s? GitCommit:s GoVersion:s Os:s Arch:s KernelVersion:s? Experimental:b? BuildTime:s?
        types.Platform: Name:s
        types.ComponentVersion: Name:s Version:s Details:{}s?
        system.Info: ID:s Containers:i ContainersRunning:i ContainersPaused:i ContainersStopped:i Images:i Driver:s DriverStatus:[][]s SystemStatus:[][]s? Plugins:system.PluginsInfo MemoryLimit:b SwapLimit:b KernelMemory:b? KernelMemoryTCP:b? CPUCfsPeriod=CpuCfsPeriod:b CPUCfsQuota=CpuCfsQuota:b CPUShares:b CPUSet:b PidsLimit:b IPv4Forwarding:b Debug:b NFd:i OomKillDisable:b NGoroutines:i SystemTime:s LoggingDriver:s CgroupDriver:s CgroupVersion:s? NEventsListener:i KernelVersion:s OperatingSystem:s OSVersion:s OSType:s Architecture:s IndexServerAddress:s RegistryConfig:any NCPU:i MemTotal:i GenericResources:[]any DockerRootDir:s HTTPProxy=HttpProxy:s HTTPSProxy=HttpsProxy:s NoProxy:s Name:s Labels:[]s ExperimentalBuild:b ServerVersion:s Runtimes:any DefaultRuntime:s Swarm:system.Swarm LiveRestoreEnabled:b Isolation:s InitBinary:s ContainerdCommit:system.Commit RuncCommit:system.Commit InitCommit:system.Commit SecurityOptions:[]s ProductLicense:s? DefaultAddressPools:[]system.Pool? FirewallBackend:any? CDISpecDirs:[]s DiscoveredDevices:[]any? Containerd:any? Warnings:[]s
        system.PluginsInfo: Volume:[]s Network:[]s Authorization:[]s Log:[]s
        system.Swarm: NodeID:s NodeAddr:s LocalNodeState:s ControlAvailable:b Error:s RemoteManagers:[]any Nodes:i Managers:i Cluster:any
        system.Commit: ID:s
        system.Pool: Base:s Size:i
        """;
}
