using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Tare.Architecture.Tests;

/// <summary>The rules of the house that a reader of CONTRIBUTING.md is promised.</summary>
public sealed class RuleTests
{
    [Fact]
    public void References_go_down_the_table_of_floors() =>
        Assert.Empty(House.WrongWays(House.Floors, House.Projects.SelectMany(from => House.References(from).Select(to => (from, to)))));

    [Fact]
    public void A_reference_upwards_would_be_found()
    {
        (string, int)[] floors = [("Tare.Top", 1), ("Tare.Left", 0), ("Tare.Right", 0)];
        Assert.Empty(House.WrongWays(floors, [("Tare.Top", "Tare.Right"), ("Tare.Left", "Tare.Right")]));
        Assert.Equal(3, House.WrongWays(floors, [("Tare.Right", "Tare.Top"), ("Tare.Right", "Tare.Left"), ("Tare.Top", "Tare.Cellar")]).Count());
    }

    [Fact]
    public void Every_project_stands_in_the_table_and_in_the_solution()
    {
        Assert.Equal(House.Projects, House.Floors.Select(row => row.Project).Order(StringComparer.Ordinal));
        Assert.Equal(House.Floors.OrderByDescending(row => row.Floor), House.Floors);
        string[] inSolution = XDocument.Load(Path.Combine(House.Root, "Tare.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value).ToArray();
        IEnumerable<string> onDisk = new[] { "src", "tests", "bench" }.Select(folder => Path.Combine(House.Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories)).Select(path => Path.GetRelativePath(House.Root, path));
        Assert.Equal(onDisk.Order(StringComparer.Ordinal), inSolution.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_Linux_is_unsafe()
    {
        foreach (string project in House.Projects)
        {
            bool allows = House.Project(project).Descendants("AllowUnsafeBlocks").Any(element => bool.Parse(element.Value));
            Assert.True(allows == (project == "Tare.Linux"), $"{project} allows unsafe code: {allows}");
        }
        Assert.Empty(Uses(@"\bunsafe\b|\bLibraryImport\b", project => project != "Tare.Linux"));
    }

    [Fact]
    public void Native_functions_are_imported_by_Linux_and_by_the_two_bindings_alone() =>
        Assert.Empty(Uses(@"\bDllImport\b", project => project is not ("Tare.Linux" or "Tare.Store" or "Tare.Oci")));

    [Fact]
    public void Nothing_starts_processes_but_the_command_line_its_daemon()
    {
        // Reaping and forking are the launcher's and the keeper's; System.Diagnostics.Process would do both behind their backs.
        IReadOnlyList<string> found = Uses(@"\bProcess\.Start\b|\bnew Process\b|\bProcessStartInfo\b", _ => true);
        Assert.All(found, path => Assert.StartsWith("src/Tare.Cli/", path, StringComparison.Ordinal));
        Assert.InRange(found.Count, 0, 1);
    }

    [Fact]
    public void Sources_hold_no_regions() => Assert.Empty(Uses(@"^\s*#region\b", _ => true));

    [Fact]
    public void Packages_have_their_versions_in_one_place() =>
        Assert.All(House.Projects, project => Assert.DoesNotContain(House.Project(project).Descendants("PackageReference"), reference => reference.Attribute("Version") is not null));

    [Theory]
    [InlineData("int a; // unsafe", false)]
    [InlineData("/* unsafe\n */ int a;", false)]
    [InlineData("string a = \"unsafe \\\" unsafe\";", false)]
    [InlineData("string a = \"\"\"unsafe\n\" unsafe\"\"\";", false)]
    [InlineData("string a = \"http://x\"; unsafe { }", true)]
    [InlineData("char a = '\"'; unsafe { } char b = '\"';", true)]
    public void Rules_look_at_code_alone(string source, bool found) => Assert.Equal(found, House.Code(source).Contains("unsafe", StringComparison.Ordinal));

    /// <summary>The files, relative to the repository, whose code matches.</summary>
    private static List<string> Uses(string pattern, Func<string, bool> inProject) =>
        House.Projects.Where(inProject).SelectMany(House.Sources)
            .Where(path => Regex.IsMatch(House.Code(File.ReadAllText(path)), pattern, RegexOptions.Multiline))
            .Select(path => Path.GetRelativePath(House.Root, path)).ToList();
}
