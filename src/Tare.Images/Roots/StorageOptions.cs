namespace Tare.Images.Roots;

/// <summary>How containers get their root filesystems from the layers of their image.</summary>
public enum StorageDriver
{
    /// <summary>An overlay mount: the layers lie below a directory of the container's own.</summary>
    Overlay2 = 0,

    /// <summary>A copy of all layers for each container: slower and bigger, and possible on any filesystem.</summary>
    Vfs,
}

/// <summary>The words for <see cref="StorageDriver"/>, which are Docker's.</summary>
public static class StorageDrivers
{
    /// <summary>As <c>docker info</c> shows it.</summary>
    public static string NameOf(StorageDriver driver) => driver == StorageDriver.Vfs ? "vfs" : "overlay2";

    /// <summary>The driver of a name; <see langword="null"/> when there is none.</summary>
    public static StorageDriver? Parse(string name) => name switch
    {
        "overlay2" => StorageDriver.Overlay2,
        "vfs" => StorageDriver.Vfs,
        _ => null,
    };
}

/// <summary>How an image store serves containers.</summary>
/// <param name="Driver">How the roots of new containers are made; those that there are stay as they are.</param>
/// <param name="BaseLayer">A directory that lies below the layers of every image, an absolute path; absent for none.</param>
public sealed record StorageOptions(StorageDriver Driver = StorageDriver.Overlay2, string? BaseLayer = null);
