using Tare.Linux;

namespace Tare.Images;

/// <summary>A directory of the data root: root's alone, because there are set-user-id programs and secrets of images below it.</summary>
internal static class PrivateDirectory
{
    private const int Mode = 0x1C0;

    /// <summary>Makes it if it is missing, and opens it.</summary>
    internal static Fd Open(string path)
    {
        Directory.CreateDirectory(path);
        var directory = Paths.Open(path, Paths.Directory);
        var error = NodeAttributes.SetMode(directory, Mode);
        if (error == 0) return directory;
        directory.Dispose();
        throw new LinuxException($"change the mode of \"{path}\"", error);
    }
}
