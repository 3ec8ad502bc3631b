using Tare.Engine.Create;
using Tare.Engine.Launch;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Changes the limits and the restart policy of a container, running or not.</summary>
internal sealed class ContainerUpdater(ContainerRegistry registry, ResourceValidator validator, ContainerEvents events)
{
    /// <summary>Takes over what the request sets; zero and empty leave what was.</summary>
    public async Task<ContainerUpdateResponse> UpdateAsync(Container container, ContainerUpdateRequest request, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        ConfigValidator.ValidateRestartPolicy(request.RestartPolicy);
        using var held = await container.Gate.EnterAsync(cancellationToken);
        if (container.State.Phase is Phase.Removing or Phase.Dead)
            throw TareException.Conflict($"Cannot update container {container.Id}: container is marked for removal and cannot be \"update\"");
        var definition = container.Definition;
        var updated = definition.HostConfig with { };
        if (request.RestartPolicy.Name.Length > 0)
        {
            if (updated.AutoRemove && request.RestartPolicy.Name != "no")
                throw TareException.Conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
            updated.RestartPolicy = request.RestartPolicy;
        }
        Merge(updated, request);
        try
        {
            validator.Validate(updated, warnings, update: true);
            container.Live?.Cgroup.Update(LaunchPlanner.Resources(updated));
        }
        catch (TareException e)
        {
            throw ContainerErrors.Wrap(e, $"Cannot update container {container.Id}");
        }
        registry.Save(container, definition with { HostConfig = updated });
        events.Publish(container, EventAction.Update);
        return new ContainerUpdateResponse { Warnings = warnings };
    }

    private static void Merge(HostConfig host, Resources request)
    {
        if (request.NanoCpus > 0 && host.CpuPeriod > 0) throw TareException.Invalid("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
        if (request.NanoCpus > 0 && host.CpuQuota > 0) throw TareException.Invalid("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
        if (request.CpuPeriod > 0 && host.NanoCpus > 0) throw TareException.Invalid("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
        if (request.CpuQuota > 0 && host.NanoCpus > 0) throw TareException.Invalid("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
        // Memory and swap are checked together: a limit cannot grow over the swap limit that was set before.
        if (request.Memory > 0 && request.MemorySwap == 0 && host.MemorySwap > 0 && request.Memory > host.MemorySwap)
            throw TareException.Invalid("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
        if (request.BlkioWeight != 0) host.BlkioWeight = request.BlkioWeight;
        if (request.NanoCpus != 0) host.NanoCpus = request.NanoCpus;
        if (request.CpuShares != 0) host.CpuShares = request.CpuShares;
        if (request.CpuPeriod != 0) host.CpuPeriod = request.CpuPeriod;
        if (request.CpuQuota != 0) host.CpuQuota = request.CpuQuota;
        if (request.CpuRealtimePeriod != 0) host.CpuRealtimePeriod = request.CpuRealtimePeriod;
        if (request.CpuRealtimeRuntime != 0) host.CpuRealtimeRuntime = request.CpuRealtimeRuntime;
        if (request.CpusetCpus.Length > 0) host.CpusetCpus = request.CpusetCpus;
        if (request.CpusetMems.Length > 0) host.CpusetMems = request.CpusetMems;
        if (request.Memory != 0) host.Memory = request.Memory;
        if (request.MemorySwap != 0) host.MemorySwap = request.MemorySwap;
        if (request.MemoryReservation != 0) host.MemoryReservation = request.MemoryReservation;
        if (request.KernelMemory != 0) host.KernelMemory = request.KernelMemory;
        if (request.PidsLimit is not null) host.PidsLimit = request.PidsLimit;
    }
}
