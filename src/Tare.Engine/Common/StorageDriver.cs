namespace Tare.Engine.Common;

/// <summary>What the storage is called. Clients know the kernel's overlay filesystem, used as we use it, by this name.</summary>
internal static class StorageDriver
{
    public const string Name = "overlay2";
}
