using Tare.Errors;
using Tare.Images.Layers;
using Tare.Images.Roots;
using Tare.Sandbox;

namespace Tare.Engine.Host;

/// <summary>Chooses how containers get their root filesystems: by overlay where the data root can carry it, else by copying.</summary>
internal static class StorageSelection
{
    /// <summary>Chooses, and says in one line why when layers are copied.</summary>
    /// <exception cref="TareException">Overlay was asked for and cannot be had.</exception>
    public static StorageDriver Choose(EngineOptions options)
    {
        if (options.StorageDriver == StorageDriver.Vfs)
        {
            options.Log(EngineLogLevel.Warning, "each container gets a copy of its image's layers (--storage-driver vfs): that is slower and takes more room than overlay2");
            return StorageDriver.Vfs;
        }

        if (Refusal(options.DataRoot) is not { } reason) return StorageDriver.Overlay2;
        if (options.StorageDriver == StorageDriver.Overlay2)
            throw TareException.NotImplemented($"the storage driver overlay2 cannot be used: {reason}; use a --data-root on another filesystem, or --storage-driver vfs");
        options.Log(EngineLogLevel.Warning, $"each container gets a copy of its image's layers (storage driver vfs), which is slower and takes more room than overlay2: {reason}");
        return StorageDriver.Vfs;
    }

    private static string? Refusal(string dataRoot)
    {
        if (OverlaySupport.Refusal(dataRoot) is { } reason)
            return $"the filesystem of the data root {dataRoot} ({new DriveInfo(dataRoot).DriveFormat}) cannot carry overlays: {reason}";
        return LayerMarks.Find(dataRoot) is { } layer
            ? $"the data root {dataRoot} was used on a filesystem that cannot carry overlays, and its layer {layer} was extracted for copying; remove its image and load or pull it again"
            : null;
    }
}
