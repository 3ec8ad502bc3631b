using Tare.Cli.Commands;
using Tare.Cli.Oci;
using Tare.Cli.Roles;

namespace Tare.Cli;

/// <summary>One binary, several programs: the name it is called by, or the first word, chooses the role.</summary>
internal static class Program
{
    private static int Main(string[] words)
    {
        var name = CalledAs();
        if (name == "runc") return OciCommandLine.Run(name, words);
        if (words is ["oci", ..]) return OciCommandLine.Run("tare oci", words.AsSpan(1));
        if (words is ["keeper", ..] and not [.., "--help"]) return KeeperVerb.Run(words.AsSpan(1));
        using var session = new Session(name == "docker" ? name : "tare");
        return name switch
        {
            "dockerd" => CommandLine.Run(session, ["daemon", "--docker-socket", .. words]),
            "docker-compose" => CommandLine.Run(session, ["compose", .. words]),
            _ => CommandLine.Run(session, words),
        };
    }

    /// <summary>The last part of the path that it was called by. Where the runtime puts the assembly there, the kernel still knows.</summary>
    private static string CalledAs()
    {
        var path = Environment.GetCommandLineArgs()[0];
        if (path.EndsWith(".dll", StringComparison.Ordinal))
        {
            path = File.ReadAllText("/proc/self/cmdline");
            path = path[..Math.Max(path.IndexOf('\0', StringComparison.Ordinal), 0)];
        }

        return Path.GetFileName(path);
    }
}
