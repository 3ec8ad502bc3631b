using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Tare.Architecture.Tests;

/// <summary>The house as its files describe it: the table of floors and the projects.</summary>
internal static partial class House
{
    public static string Root { get; } = FindRoot();

    /// <summary>The floors of docs/architecture.md from the top down, as (project, floor).</summary>
    public static IReadOnlyList<(string Project, int Floor)> Floors { get; } =
        FloorRow().Matches(File.ReadAllText(Path.Combine(Root, "docs", "architecture.md")))
            .Select(match => (match.Groups["project"].Value, int.Parse(match.Groups["floor"].Value))).ToList();

    public static IReadOnlyList<string> Projects { get; } =
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal).ToList();

    public static XDocument Project(string name) => XDocument.Load(Path.Combine(Root, "src", name, name + ".csproj"));

    public static IReadOnlyList<string> References(string name) =>
        Project(name).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))).ToList();

    /// <summary>The C# sources of a project, without what the build makes.</summary>
    public static IEnumerable<string> Sources(string name)
    {
        string folder = Path.Combine(Root, "src", name);
        return Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(path => Path.GetRelativePath(folder, path).Split('/')[0] is not ("bin" or "obj"));
    }

    /// <summary>A source without comments and without the content of its strings, so that a rule finds code alone.</summary>
    public static string Code(string text) => CommentOrString().Replace(text, match => match.Value[0] is '/' ? " " : "\"\"");

    /// <summary>The references that do not go down the table: to a higher row, or to a project that is not in it.</summary>
    public static IEnumerable<string> WrongWays(IReadOnlyList<(string Project, int Floor)> floors, IEnumerable<(string From, string To)> references)
    {
        List<string> order = floors.Select(row => row.Project).ToList();
        foreach ((string from, string to) in references)
        {
            if (order.IndexOf(to) < 0 || order.IndexOf(from) < 0)
                yield return $"{from} -> {to}: not in the table";
            else if (order.IndexOf(to) <= order.IndexOf(from))
                yield return $"{from} -> {to}: upwards";
        }
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Tare.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("the tests do not lie below Tare.slnx");
    }

    [GeneratedRegex(@"^\| (?<floor>\d+) \| `(?<project>Tare\.\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex FloorRow();

    [GeneratedRegex("//[^\n]*|/\\*.*?\\*/|\"\"\"+.*?\"\"\"+|@\"(?:[^\"]|\"\")*\"|\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)'", RegexOptions.Singleline)]
    private static partial Regex CommentOrString();
}
