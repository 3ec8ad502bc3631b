using System.Globalization;
using System.Runtime.InteropServices;

namespace Tare.Engine.Host;

/// <summary>What the machine is, for <c>info</c> and <c>version</c>.</summary>
internal static class MachineFacts
{
    /// <summary>The kernel's release, such as <c>6.1.0-18-amd64</c>.</summary>
    public static string KernelVersion { get; } = FirstLine("/proc/sys/kernel/osrelease");

    /// <summary>The machine as uname(2) names it.</summary>
    public static string Machine { get; } = RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "x86_64",
        Architecture.Arm64 => "aarch64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The host's name now.</summary>
    public static string HostName() => FirstLine("/proc/sys/kernel/hostname");

    /// <summary>Memory in bytes.</summary>
    public static long MemoryTotal()
    {
        var words = FirstLine("/proc/meminfo").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The distribution's name and its version (os-release(5)).</summary>
    public static (string Name, string Version) OperatingSystem()
    {
        var path = File.Exists("/etc/os-release") ? "/etc/os-release" : "/usr/lib/os-release";
        string name = "Linux", version = "";
        if (!File.Exists(path)) return (name, version);
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)) name = Unquote(line["PRETTY_NAME=".Length..]);
            else if (line.StartsWith("VERSION_ID=", StringComparison.Ordinal)) version = Unquote(line["VERSION_ID=".Length..]);
        }
        return (name, version);
    }

    /// <summary>The number of CPUs of the machine.</summary>
    public static int Processors { get; } = Environment.ProcessorCount;

    private static string Unquote(string value) => value.Trim().Trim('"', '\'');

    private static string FirstLine(string path)
    {
        using var reader = new StreamReader(path);
        return reader.ReadLine() ?? "";
    }
}
