using System.Text;
using System.Text.Json;
using Tare.Cli.Io;
using Tare.Oci.Images;

namespace Tare.Cli.Formatting;

/// <summary>The list of images with the platforms of each below it, in Docker's layout; in colours on a terminal.</summary>
/// <param name="target">Takes it.</param>
internal sealed class ImageTree(Output target)
{
    private const int Spacing = 3;
    private const int IdWidth = 12;
    private const int SizeWidth = 10;
    private const int ContentWidth = 12;
    private const int ExtraWidth = 5;
    private const int NarrowestName = 12;
    private const int NarrowestScreen = 20;
    private const int DefaultScreen = 80;
    private const int Digits = 3;
    private const string Warning = "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";
    private const string Reset = "\e[0m";
    private const string Head = "\e[39m\e[1m";
    private const string Name = "\e[34m\e[1m";
    private const string Nameless = "\e[90m";
    private const string Absent = "\e[39m\e[2m";
    private const string Normal = "\e[39m";

    private readonly bool _colours = target.IsTerminal;

    /// <summary>Writes the tree of the API's list, which has manifests, the newest image first.</summary>
    /// <param name="images">The list.</param>
    /// <param name="all">Images without a name too.</param>
    public void Write(JsonElement images, bool all)
    {
        var tops = images.EnumerateArray().Where(image => all || !IsNameless(image)).Select(Top.Of).OrderByDescending(top => top.Created).ToList();
        var screen = Math.Max(target.Size.Columns is > 0 and var columns ? columns : DefaultScreen, NarrowestScreen);
        var widths = Widths(screen, tops);
        target.WriteLine(Colour("\e[93m", Warning));
        target.WriteLine(Legend(screen));
        target.WriteLine();
        string[] titles = ["IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "EXTRA"];
        target.WriteLine(string.Join(new string(' ', Spacing), titles.Take(widths.Count).Select((title, column) => Cell(title, widths[column], column is 2 or 3, Head))));
        var spaced = tops.Exists(top => top.Variants.Count > 0);
        foreach (var top in tops) Write(top, widths, spaced);
    }

    private static bool IsNameless(JsonElement image) => image.Texts("RepoTags").TrueForAll(name => name == "<none>:<none>");

    private static List<int> Widths(int screen, List<Top> tops)
    {
        List<int> widths = [0];
        var name = screen;
        foreach (var width in (int[])[IdWidth, SizeWidth, ContentWidth, ExtraWidth])
        {
            if (name - width - Spacing < NarrowestName) break;
            name -= width + Spacing;
            widths.Add(width);
        }

        var widest = tops.SelectMany(top => top.Names.Concat(top.Variants.Select(variant => "└─ " + variant.Platform))).Select(Width).Append("IMAGE".Length).Max();
        widths[0] = Math.Min(name, widest);
        return widths;
    }

    // Names and sizes: what is wide on a screen does not occur in them.
    private static int Width(string text) => text.EnumerateRunes().Count();

    private static string Shorten(string text, int width) => width < 1 ? "" : string.Concat(text.EnumerateRunes().Take(width - 1)) + "…";

    private string Legend(int screen)
    {
        var (plain, fancy) = (Note.PlainInformation + " U In Use ", $"{Note.FancyInformation} {Chip} In Use ");
        // On a terminal the letter, blanks and the chip take as many columns as these.
        var width = _colours ? "i Info →   U  In Use ".Length : plain.Length;
        return new string(' ', Math.Max(screen - width, 0)) + (_colours ? fancy : plain);
    }

    private static string Chip => $"\e[38;5;0m\e[48;5;14m U {Reset}";

    private void Write(Top top, List<int> widths, bool spaced)
    {
        // The shortest stands beside the other columns.
        var names = top.Names.OrderByDescending(name => name.Length).ToList();
        foreach (var name in names.SkipLast(1)) target.WriteLine(Colour(Name, name));
        target.WriteLine(Row(names.Count > 0 ? names[^1] : "<untagged>", names.Count > 0 ? Name : Nameless, Normal, top.Details, widths));
        for (var i = 0; i < top.Variants.Count; i++)
        {
            var variant = top.Variants[i];
            var colour = variant.IsHere ? Normal : Absent;
            target.WriteLine(Row((i < top.Variants.Count - 1 ? "├─ " : "└─ ") + variant.Platform, colour, colour, variant.Details, widths));
        }

        if (spaced) target.WriteLine();
    }

    private string Row(string first, string firstColour, string colour, Details details, List<int> widths)
    {
        var line = new StringBuilder(Cell(first, widths[0], right: false, firstColour));
        string[] cells = [details.Id, details.DiskUsage, details.ContentSize];
        for (var column = 1; column < widths.Count; column++)
        {
            line.Append(' ', Spacing);
            if (column <= cells.Length) line.Append(Cell(cells[column - 1], widths[column], column > 1, colour));
            else line.Append(Extra(details.IsUsed));
        }

        return line.ToString();
    }

    private string Extra(bool isUsed)
    {
        if (!isUsed) return new string(' ', ExtraWidth);
        return _colours ? Chip + new string(' ', ExtraWidth - 3) : "U".PadRight(ExtraWidth);
    }

    private string Cell(string text, int width, bool right, string colour)
    {
        if (Width(text) > width) return Colour(colour, Shorten(text, width));
        var blanks = new string(' ', width - Width(text));
        return right ? blanks + Colour(colour, text) : Colour(colour, text) + blanks;
    }

    private string Colour(string colour, string text) => _colours ? colour + text + Reset : text;

    private sealed record Details(string Id, string DiskUsage, string ContentSize, bool IsUsed)
    {
        public static Details Of(string id, long disk, long content, bool isUsed)
        {
            var hex = id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];
            return new Details(hex[..Math.Min(IdWidth, hex.Length)], Units.Size(disk, Digits), Units.Size(content, Digits), isUsed);
        }
    }

    private sealed record Variant(string Platform, bool IsHere, Details Details);

    private sealed record Top(IReadOnlyList<string> Names, long Created, Details Details, IReadOnlyList<Variant> Variants)
    {
        public static Top Of(JsonElement image)
        {
            var manifests = image.Items("Manifests").ToList();
            var variants = manifests.Where(manifest => manifest.Text("Kind") == "image").Select(VariantOf).ToList();
            var content = manifests.Sum(manifest => manifest.Member("Size").Number("Content"));
            var used = image.Number("Containers") > 0 || variants.Exists(variant => variant.Details.IsUsed);
            return new Top(image.Texts("RepoTags"), image.Number("Created"), Details.Of(image.Text("Id"), image.Number("Size"), content, used), variants);
        }

        private static Variant VariantOf(JsonElement manifest)
        {
            var data = manifest.Member("ImageData");
            var platform = data.Member("Platform");
            var size = manifest.Member("Size");
            var name = PlatformSpecifier.Format(new OciPlatform { Os = platform.Text("os"), Architecture = platform.Text("architecture"), Variant = platform.Text("variant") });
            return new Variant(name, manifest.Flag("Available"), Details.Of(manifest.Text("ID"), size.Number("Total"), size.Number("Content"), data.Items("Containers").Any()));
        }
    }
}
