using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>The CPUs and memory nodes of a new group of version 1, which starts with none: nothing can join it before it has some.</summary>
internal static class CpusetV1
{
    /// <summary>Gives a group what was asked for, or what its parent has; groups above that have nothing either are given it first.</summary>
    /// <param name="top">The root of the hierarchy, which has everything.</param>
    /// <param name="directory">The group.</param>
    /// <param name="file"><c>cpuset.cpus</c> or <c>cpuset.mems</c>.</param>
    /// <param name="value">What was asked for; null or empty for the parent's. A group that has some is left as it is.</param>
    /// <exception cref="Errors.TareException">The kernel refuses it.</exception>
    public static void Fill(string top, string directory, string file, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            ControlFiles.Write(directory, file, value);
            return;
        }
        using var handle = ControlFiles.TryOpen(directory, file, OpenFlags.ReadWrite, out var error)
            ?? throw new LinuxException($"open {directory}/{file}", error);
        if (ControlFiles.TryReadText(handle, out error) is { Length: > 0 }) return;
        var parent = directory[..directory.LastIndexOf('/')];
        var inherited = ControlFiles.TryReadText(parent, file, out error);
        if (inherited is { Length: 0 } && parent.Length > top.Length)
        {
            Fill(top, parent, file, null);
            inherited = ControlFiles.TryReadText(parent, file, out error);
        }
        if (inherited is null) throw new LinuxException($"read {parent}/{file}", error);
        error = ControlFiles.TryWrite(handle, inherited);
        if (error != 0) throw ControlFiles.Refused(directory, file, inherited, error);
    }
}
