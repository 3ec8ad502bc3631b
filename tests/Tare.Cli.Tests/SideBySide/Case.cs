using System.Runtime.CompilerServices;

namespace Tare.Cli.Tests.SideBySide;

/// <summary>The cases of cases.txt by name: lines, and whether they are compared.</summary>
internal static class Case
{
    public static IReadOnlyDictionary<string, List<(bool Compared, string Line)>> All { get; } = Read();

    private static Dictionary<string, List<(bool Compared, string Line)>> Read([CallerFilePath] string file = "")
    {
        var cases = new Dictionary<string, List<(bool, string)>>();
        List<(bool, string)> lines = [];
        foreach (var line in File.ReadLines(Path.Combine(Path.GetDirectoryName(file)!, "cases.txt")))
        {
            if (line.StartsWith("== ", StringComparison.Ordinal)) cases[line[3..]] = lines = [];
            else if (line.StartsWith("> ", StringComparison.Ordinal) || line.StartsWith("$ ", StringComparison.Ordinal)) lines.Add((line[0] == '>', line[2..]));
        }

        return cases;
    }
}
