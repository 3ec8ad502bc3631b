using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Errors;
using Tare.Images.Roots;
using Tare.Volumes;

namespace Tare.Engine.Volumes;

/// <summary>The volumes of containers, from their creation to their removal.</summary>
internal sealed class ContainerVolumes(VolumeStore store, VolumeEvents events, BackgroundWork background, EngineOptions options)
{
    private readonly VolumeMounts mounts = new();

    /// <summary>
    /// Finds or makes the volumes of a container that is being made, which uses them from now on. Anonymous ones go with it until
    /// <see cref="Keep"/>.
    /// </summary>
    /// <returns>The mounts, with the volumes' names and directories.</returns>
    /// <exception cref="TareException">A driver or an option does not exist, or the disk is full. The caller calls <see cref="Release"/>.</exception>
    public IReadOnlyList<ContainerMount> Claim(string container, IReadOnlyList<ContainerMount> wanted)
    {
        if (!wanted.Any(mount => mount.Volume is not null)) return wanted;
        var claimed = new List<ContainerMount>(wanted.Count);
        foreach (var mount in wanted)
        {
            if (mount.Volume is not { } wish)
            {
                claimed.Add(mount);
                continue;
            }
            // Not found is what the image would be, and clients would go and pull it.
            if (!VolumeService.IsLocal(wish.Driver)) throw TareException.Invalid(VolumeService.NoPlugin(wish.Name, wish.Driver));
            var (volume, created) = store.Claim(new VolumeRequest { Name = wish.Name, Labels = wish.Labels, Options = wish.Options }, container, bound: true);
            if (created) events.Created(volume.Name);
            claimed.Add(mount with
            {
                Source = volume.Path,
                Volume = wish with { Name = volume.Name, Driver = "", Labels = null, Options = null },
            });
        }
        return claimed;
    }

    /// <summary>Whether <see cref="Fill"/> has something to do.</summary>
    public static bool NeedFilling(IReadOnlyList<ContainerMount> mounts) => mounts.Any(IsFilled);

    /// <summary>Copies what the image has at their places into the volumes that are empty. Takes as long as there are files.</summary>
    /// <exception cref="TareException">There is something else than a directory, a volume cannot be mounted, or the disk is full.</exception>
    public void Fill(string container, IReadOnlyList<ContainerMount> claimed, WritableRoot root)
    {
        foreach (var mount in claimed.Where(IsFilled))
        {
            var volume = store.Get(mount.Volume!.Name);
            if (VolumeMounts.IsFleeting(volume)) continue;
            mounts.Mount(volume, container);
            try
            {
                store.Fill(volume.Name, target => root.CopyDirectory(mount.Target, target, CancellationToken.None));
            }
            finally
            {
                mounts.Unmount(volume, container);
            }
        }
    }

    /// <summary>The container is written down: its anonymous volumes live by themselves.</summary>
    public void Keep(string container, IReadOnlyList<ContainerMount> claimed)
    {
        if (claimed.Any(mount => mount.Volume is { Anonymous: true })) store.Keep(container);
    }

    /// <summary>Mounts what is to be mounted for a container that is about to start.</summary>
    /// <exception cref="TareException">A device is not there, or the kernel refuses; nothing is left mounted.</exception>
    public void Mount(ContainerDefinition container)
    {
        try
        {
            foreach (var mount in container.Mounts)
            {
                if (mount.Volume is not { } used) continue;
                var volume = store.Get(used.Name);
                store.Restore(volume);
                mounts.Mount(volume, container.Id);
                events.Mounted(mount, container.Id);
            }
        }
        catch
        {
            Unmount(container);
            throw;
        }
    }

    /// <summary>The container has ended, or has not started.</summary>
    public void Unmount(ContainerDefinition container)
    {
        foreach (var mount in container.Mounts)
        {
            if (mount.Volume is not { } used || store.Find(used.Name) is not { } volume) continue;
            try
            {
                mounts.Unmount(volume, container.Id);
            }
            catch (TareException e)
            {
                options.Log(EngineLogLevel.Warning, $"container {container.Id}: its volume {volume.Name} is still mounted: {e.Message}");
            }
            events.Unmounted(volume.Name, container.Id);
        }
    }

    /// <summary>A container is about to be taken out of the database, and its anonymous volumes with it: a crash in between leaves neither.</summary>
    public void BeginRemoval(ContainerDefinition container) => store.Bind(Anonymous(container), container.Id);

    /// <summary>
    /// A container uses its volumes no more: it was removed, or never came to be. Its anonymous volumes are removed too when
    /// <paramref name="remove"/> says so and no other container uses them.
    /// </summary>
    public void Release(string container, IReadOnlyList<ContainerMount> claimed, bool remove)
    {
        if (!claimed.Any(mount => mount.Volume is not null)) return;
        store.Release(container);
        if (!remove) return;
        var anonymous = Anonymous(claimed);
        foreach (var name in anonymous)
        {
            try
            {
                RemoveLater(store.Remove(name));
                events.Destroyed(name);
            }
            catch (TareException e) when (e.Kind is ErrorKind.Conflict or ErrorKind.NotFound)
            {
                // Another container has it, by --volumes-from; or somebody was faster.
            }
        }
        if (anonymous.Count > 0) store.Keep(container);
    }

    /// <summary>What a container that was never written down had claimed by then.</summary>
    public void Abandon(string container)
    {
        store.Release(container);
        foreach (var volume in store.BoundTo(container))
        {
            if (store.UsersOf(volume).Count > 0) continue;
            RemoveLater(store.Remove(volume));
            events.Destroyed(volume);
        }
        store.Keep(container);
    }

    /// <summary>An engine starts: containers have the volumes that they had.</summary>
    public void Restore(IEnumerable<Container> containers)
    {
        foreach (var remains in store.Remains) RemoveLater(remains);
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var container in containers)
        {
            known.Add(container.Id);
            foreach (var mount in container.Definition.Mounts)
            {
                if (mount.Volume is not { } used) continue;
                var (volume, created) = store.Claim(new VolumeRequest { Name = used.Name }, container.Id);
                if (created) options.Log(EngineLogLevel.Warning, $"the volume {volume.Name} of container {container.Id} was gone and is made anew, empty");
                if (container.Live is not null) mounts.Adopt(volume, container.Id);
            }
        }
        foreach (var remains in store.Settle(known)) RemoveLater(remains);
        mounts.Settle(store.List());
    }

    /// <summary>Removes what is left of a volume behind the caller's back.</summary>
    public void RemoveLater(string? remains)
    {
        if (remains is null) return;
        _ = background.Run("remove the files of a volume", _ => BackgroundWork.OnOwnThread(() => store.RemoveRemains(remains)));
    }

    private static bool IsFilled(ContainerMount mount) => mount.Volume is { NoCopy: false };

    private static List<string> Anonymous(ContainerDefinition container) => Anonymous(container.Mounts);

    private static List<string> Anonymous(IReadOnlyList<ContainerMount> mounts) =>
        [.. mounts.Select(mount => mount.Volume).OfType<VolumeMount>().Where(volume => volume.Anonymous).Select(volume => volume.Name).Distinct()];
}
