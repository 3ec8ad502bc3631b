namespace Tare.Linux;

/// <summary>The launcher: the static ELF, compiled from <c>native/launcher.c</c>, that runs launch programs.</summary>
public static class Launcher
{
    /// <summary>First descriptor of a launch request, as the launcher sees it; see docs/architecture.md, "Launching".</summary>
    public const int FirstDescriptor = 5;

    /// <summary>The status socket, as the launcher sees it.</summary>
    public const int StatusDescriptor = 4;

    /// <summary>Puts the launcher into a sealed memory file, from which it is executed: nobody can write to it, not even through
    /// <c>/proc/PID/exe</c> of a container's init.</summary>
    public static Fd Load() => Descriptors.SealedMemory("tare-launcher", LauncherImage.Bytes, executable: true);
}
