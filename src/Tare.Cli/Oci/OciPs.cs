using System.Globalization;
using System.Text;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Linux;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci ps: the processes of a container, as the host's ps shows them.</summary>
internal sealed class OciPs : OciVerb
{
    private const int LongestOutput = 64 << 20;

    private readonly TextFlag format;

    public OciPs()
        : base("<container-id> [ps options]", "Show the processes of a container", ArgumentCount.AtLeast(1)) =>
        format = Flags.Text("format", "Form of the list: \"table\", which ps(1) makes, or \"json\", the process numbers", 'f', initial: "table");

    /// <summary>What stands behind the id is for ps.</summary>
    public override bool OptionsFirst => true;

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0]);
        var pids = container.Processes();
        switch (format.Value)
        {
            case "table":
                Print(session, pids, arguments.Count > 1 ? [.. arguments.Skip(1)] : ["-ef"]);
                return 0;
            case "json":
                session.Out.WriteLine($"[{string.Join(',', pids)}]");
                return 0;
            default:
                throw new CommandException($"invalid format option {format.Value}: use table or json");
        }
    }

    private static void Print(OciSession session, IReadOnlyList<int> pids, IReadOnlyList<string> options)
    {
        var lines = Show(options).Split('\n');
        var column = Array.IndexOf(Fields(lines[0]), "PID");
        if (column < 0) throw new CommandException($"couldn't find PID field in ps output: have ps show it, as with -o pid,comm; its options were {string.Join(' ', options)}");
        session.Out.WriteLine(lines[0]);
        foreach (var line in lines.AsSpan(1))
        {
            var fields = Fields(line);
            if (fields.Length <= column) continue;
            if (!int.TryParse(fields[column], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                throw new CommandException($"cannot find the process number in the line \"{line}\" of ps: let the column PID stand before those with blanks in them");
            if (pids.Contains(pid)) session.Out.WriteLine(line);
        }
    }

    private static string Show(IReadOnlyList<string> options)
    {
        using var nothing = RegularFiles.OpenNull();
        using var output = Descriptors.Memory("tare-ps-output");
        var pid = HostPrograms.TryStart("ps", options, [nothing, output, output], out var error);
        if (pid < 0) throw new CommandException($"cannot run ps on this host: {Errno.Describe(error)}: install the package procps, or use --format json");
        var end = Waiting.WaitFor(pid);
        using var again = Paths.Open(output.ProcPath, OpenFlags.ReadOnly);
        var text = Encoding.UTF8.GetString(FileContent.ReadToEnd(again, LongestOutput));
        return end is { Code: 0, Signaled: false } ? text : throw new CommandException($"ps ended with exit status {end.ExitCode}: {text.Trim()}");
    }

    private static string[] Fields(string line) => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
