namespace Tare.Linux.Tests.Netlink;

/// <summary>A case about what only newer kernels have.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KernelFactAttribute : FactAttribute
{
    public KernelFactAttribute(int major, int minor)
    {
        (Major, Minor) = (major, minor);
        var version = Environment.OSVersion.Version;
        if (version < new Version(major, minor)) Skip = $"needs Linux {major}.{minor}, this is {version}";
    }

    public int Major { get; }

    public int Minor { get; }
}
