using System.Formats.Tar;
using System.Text;
using System.Text.RegularExpressions;

namespace Tare.Cli.Tests.SideBySide;

/// <summary>
/// The cases of cases.txt: the stock docker CLI and tare do the same on the same engine, which TARE_TEST_HOST names. TARE_TEST_BINARY
/// names the tare that is tested; without it, it is the one that was built for these tests.
/// </summary>
public sealed partial class SideBySideTests : IClassFixture<SideBySideTests.Image>
{
    private readonly Image _image;

    public SideBySideTests(Image image) => _image = image;

    public static TheoryData<string> Names => new(Case.All.Keys);

    [EngineTheory]
    [MemberData(nameof(Names))]
    public void Tare_does_as_docker_does(string name)
    {
        var tag = $"sbs-{Guid.NewGuid().ToString("N")[..8]}";
        var (shared, ours, theirs) = (tag + "n", tag + "a", tag + "b");
        try
        {
            foreach (var (compared, text) in Case.All[name])
            {
                var line = text.Replace("{image}", _image.Name, StringComparison.Ordinal).Replace("{n}", shared, StringComparison.Ordinal);
                if (!compared)
                {
                    foreach (var own in line.Contains("{o}", StringComparison.Ordinal) ? [ours, theirs] : new[] { "" })
                        Shell.Run(Shell.Stock, line.Replace("{o}", own, StringComparison.Ordinal));
                    continue;
                }

                // What changes nothing may be repeated: between two runs a second may pass that both print.
                for (var attempt = 1; ; attempt++)
                {
                    var docker = Normalize(Shell.Run(Shell.Stock, line.Replace("{o}", ours, StringComparison.Ordinal)), ours);
                    var tare = Normalize(Shell.Run(Shell.Tare, line.Replace("{o}", theirs, StringComparison.Ordinal)), theirs);
                    if (docker == tare) break;
                    if (attempt < 3 && docker.Contains("<span>", StringComparison.Ordinal)) continue;
                    Assert.Equal($"{text}\n{docker}", $"{text}\n{tare}");
                }
            }
        }
        finally
        {
            Shell.Run(Shell.Stock, $"for c in $(docker ps -aq --filter name={tag}); do docker rm -fv $c; done; for w in $(docker network ls -q --filter name={tag}); do docker network rm $w; done; for i in $(docker images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' | grep '^{tag}'); do docker rmi $i; done");
        }
    }

    private static string Normalize((int Code, string Out, string Error) result, string own)
    {
        var text = $"code {result.Code}\n--- out\n{result.Out}\n--- error\n{result.Error}".Replace(own, "OWN", StringComparison.Ordinal);
        text = LongIds().Replace(text, "<id64>");
        text = ShortIds().Replace(text, "<id>");
        text = Times().Replace(text, "<time>");
        text = EventTimes().Replace(text, "<t>");
        return Spans().Replace(text, "<span>");
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex LongIds();

    [GeneratedRegex(@"\b[0-9a-f]{12}\b")]
    private static partial Regex ShortIds();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?")]
    private static partial Regex Times();

    [GeneratedRegex("\"timeNano\":\\d+|\"time\":\\d+")]
    private static partial Regex EventTimes();

    [GeneratedRegex(@"(Less than a second|About a minute|About an hour|\d+ (second|minute|hour)s?)( ago)?( *)")]
    private static partial Regex Spans();

    /// <summary>An image with a busybox, which the cases use.</summary>
    public sealed class Image : IDisposable
    {
        public Image()
        {
            if (EngineTheoryAttribute.Missing is not null) return;
            Name = $"sbs-{Guid.NewGuid().ToString("N")[..8]}/bb";
            var archive = System.IO.Path.GetTempFileName();
            using (var file = File.Create(archive))
            using (var tar = new TarWriter(file))
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "bin") { Mode = (UnixFileMode)0x1ED });
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = (UnixFileMode)0x1ED, DataStream = new MemoryStream(File.ReadAllBytes("/bin/busybox")) });
                foreach (var name in "cat echo false hostname id kill ls md5sum mount pwd sh sleep touch true rm head".Split(' '))
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "bin/" + name) { LinkName = "busybox" });
                foreach (var folder in new[] { "etc", "proc", "dev", "sys", "tmp" }) tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, folder) { Mode = (UnixFileMode)0x1ED });
            }

            var result = Shell.Run(Shell.Stock, $"docker import -c 'CMD [\"sh\"]' {archive} {Name}");
            File.Delete(archive);
            if (result.Code != 0) throw new InvalidOperationException(result.Error);
        }

        public string Name { get; } = "";

        public void Dispose()
        {
            if (Name.Length > 0) Shell.Run(Shell.Stock, $"docker rmi -f {Name}");
        }
    }
}
