using System.Formats.Tar;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>save, and load of what was saved; history; import from an address.</summary>
public sealed class SaveTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task An_archive_has_every_layer_once_and_both_manifests(string client)
    {
        (string one, string two) = await TwoImages(client);
        Dictionary<string, byte[]> files = Read((await Run(client, "save", one, two + ":v1", two + ":v2")).Ok().OutBytes);
        JsonArray manifest = (JsonArray)JsonNode.Parse(files["manifest.json"])!;
        Assert.Equal(2, manifest.Count);
        string[] tags = manifest.SelectMany(image => (JsonArray)image!["RepoTags"]!).Select(tag => (string)tag!).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal([one + ":latest", two + ":v1", two + ":v2"], tags);
        string[] layers = manifest.SelectMany(image => (JsonArray)image!["Layers"]!).Select(layer => (string)layer!).Distinct().ToArray();
        Assert.Equal(2, layers.Length);
        foreach (string layer in layers)
            Assert.Equal(layer, "blobs/sha256/" + ImageArchive.Digest(files[layer])["sha256:".Length..]);
        JsonNode index = JsonNode.Parse(files["index.json"])!;
        Assert.Equal(3, ((JsonArray)index["manifests"]!).Count);
        foreach (JsonNode? entry in (JsonArray)index["manifests"]!)
            Assert.Equal((string)entry!["digest"]!, ImageArchive.Digest(files["blobs/sha256/" + ((string)entry["digest"]!)["sha256:".Length..]]));
        Assert.Equal("1.0.0", (string)JsonNode.Parse(files["oci-layout"])!["imageLayoutVersion"]!);
        JsonNode repositories = JsonNode.Parse(files["repositories"])!;
        Assert.Equal(layers.Single(layer => layer.EndsWith((string)repositories[one]!["latest"]!, StringComparison.Ordinal)), layers[0]);
        Assert.NotNull(repositories[two]!["v2"]);
    }

    [Theory, Clients]
    public async Task What_was_saved_is_loaded_again(string client)
    {
        (string one, string two) = await TwoImages(client);
        string[] ids = [await Id(client, one), await Id(client, two + ":v1")];
        byte[] archive = (await Run(client, "save", one, two)).Ok().OutBytes;
        await Ok(client, "rmi", one, two + ":v1", two + ":v2");
        string[] lines = (await RunWith(client, archive, "load")).Ok().Lines;
        Assert.Equal([$"Loaded image: {one}:latest", $"Loaded image: {two}:v1", $"Loaded image: {two}:v2"], lines.Order(StringComparer.Ordinal));
        Assert.Equal(ids, new[] { await Id(client, one), await Id(client, two + ":v2") });
        Assert.Equal("two", await Ok(client, "run", "--rm", "--network", "none", two + ":v1", "cat", "/two"));
    }

    [TareTheory, Clients]
    public async Task The_same_images_make_the_same_bytes(string client)
    {
        (string one, string two) = await TwoImages(client);
        byte[] archive = (await Run(client, "save", one, two)).Ok().OutBytes;
        Assert.Equal(archive, (await Run(client, "save", two + ":v2", two + ":v1", one)).Ok().OutBytes);
        await Ok(client, "rmi", one, two + ":v1", two + ":v2");
        (await RunWith(client, archive, "load")).Ok();
        Assert.Equal(archive, (await Run(client, "save", one, two)).Ok().OutBytes);
    }

    [Theory, Clients]
    public async Task An_id_is_saved_without_a_name(string client)
    {
        (string one, _) = await TwoImages(client);
        string id = await Id(client, one);
        foreach (string reference in new[] { id, id["sha256:".Length..][..12] })
        {
            Dictionary<string, byte[]> files = Read((await Run(client, "image", "save", reference)).Ok().OutBytes);
            Assert.Null(((JsonArray)JsonNode.Parse(files["manifest.json"])!).Single()!["RepoTags"]);
            Assert.DoesNotContain("repositories", files.Keys);
        }
    }

    [Theory, Clients]
    public async Task A_file_is_written_whole_or_not_at_all(string client)
    {
        (string here, _) = Folder();
        string file = Path.Combine(here, "out.tar");
        await File.WriteAllTextAsync(file, "before");
        Assert.Equal("Error response from daemon: No such image: nosuch-image\n", (await Run(client, "save", "-o", file, "nosuch-image")).Expect(1).Err);
        Assert.Equal("before", await File.ReadAllTextAsync(file));
        Assert.Equal("Error response from daemon: reference does not exist\n", (await Run(client, "save", "-o", file, Image, "nosuch-image:tag")).Expect(1).Err);
        Assert.Equal("", await Ok(client, "save", "-o", file, Image));
        Assert.Contains("manifest.json", Read(await File.ReadAllBytesAsync(file)).Keys);
        Assert.Equal([file], Directory.GetFiles(here));
        Assert.Equal($"failed to save image: invalid output path: stat {here}/nosuch: no such file or directory\n", (await Run(client, "save", "-o", here + "/nosuch/x", Image)).Expect(1).Err);
        Assert.Equal("failed to save image: cannot write to a character device file\n", (await Run(client, "save", "-o", "/dev/null", Image)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task A_terminal_gets_no_archive(string client)
    {
        using Terminal terminal = OnTerminal(client, "save", Image);
        await terminal.SeeAsync("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }

    [Theory, Clients]
    public async Task Another_platform_is_refused(string client)
    {
        Assert.Equal("Error response from daemon: no suitable export target found for platform linux/s390x\n", (await Run(client, "save", "--platform", "linux/s390x", Image)).Expect(1).Err);
        Assert.Equal("invalid platform: \"bla\": unknown operating system or architecture: invalid argument\n", (await Run(client, "save", "--platform", "bla", Image)).Expect(1).Err);
        string wanted = await Ok(client, "image", "inspect", "-f", "{{.Os}}/{{.Architecture}}", Image);
        Assert.Contains("index.json", Read((await Run(client, "save", "--platform", wanted, Image)).Ok().OutBytes).Keys);
    }

    [Theory, Clients]
    public async Task History_lists_the_steps(string client)
    {
        (_, string two) = await TwoImages(client);
        string id = (await Id(client, two + ":v1"))["sha256:".Length..];
        string[] lines = (await Ok(client, "history", two + ":v1")).Split('\n');
        Assert.Equal(["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"], lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Matches($@"^{id[..12]} +\d+ (months|years) ago +tests +3B *$", lines[1]);
        Assert.Matches(@"^<missing> +\d+ (months|years) ago +tests +[\d.]+MB *$", lines[2]);
        Assert.Equal($"{id[..12]}\n<missing>", await Ok(client, "history", "-q", two + ":v1"));
        Assert.Equal($"sha256:{id}\n<missing>", await Ok(client, "image", "history", "-q", "--no-trunc", two + ":v1"));
        Assert.Equal("2025-01-01T00:00:00Z 3", (await Ok(client, "history", "-H=false", "--format", "{{.CreatedAt}} {{.Size}}", two + ":v1")).Split('\n')[0]);
        JsonNode step = JsonNode.Parse((await Ok(client, "history", "--format", "json", two + ":v1")).Split('\n')[0])!;
        Assert.Equal((id[..12], "tests", "3B", ""), ((string)step["ID"]!, (string)step["CreatedBy"]!, (string)step["Size"]!, (string)step["Comment"]!));
        Assert.Equal("Error response from daemon: No such image: nosuch:latest\n", (await Run(client, "history", "nosuch")).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task Save_and_load_are_told_as_events(string client)
    {
        (string one, _) = await TwoImages(client);
        string id = await Id(client, one);
        string since = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        byte[] archive = (await Run(client, "save", one)).Ok().OutBytes;
        (await RunWith(client, archive, "load")).Ok();
        string until = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string[] actions = (await Ok(client, "events", "--since", since, "--until", until, "--filter", "image=" + id, "--format", "{{.Action}}")).Split('\n');
        // What was before in the same second is told too.
        Assert.Equal(["save", "load"], actions.Where(action => action is "save" or "load").TakeLast(2));
    }

    private async Task<(string One, string Two)> TwoImages(string client)
    {
        string one = ImageName(), two = ImageName();
        await Load(client, one + ":latest", new ImageArchive { Layers = { BaseImage.BusyboxLayer }, Variables = ["PATH=/bin", "ONE=" + one] });
        TarMaker layer = new TarMaker().File("two", "two"u8.ToArray());
        await Load(client, two + ":v1", new ImageArchive { Layers = { BaseImage.BusyboxLayer, layer.End() }, Variables = ["PATH=/bin", "TWO=" + two] });
        await Ok(client, "tag", two + ":v1", two + ":v2");
        return (one, two);
    }

    private async Task Load(string client, string name, ImageArchive archive) => (await RunWith(client, archive.Docker(name), "load")).Ok();

    private Task<string> Id(string client, string image) => Ok(client, "image", "inspect", "-f", "{{.Id}}", image);

    private static Dictionary<string, byte[]> Read(byte[] archive)
    {
        Dictionary<string, byte[]> files = [];
        using TarReader reader = new(new MemoryStream(archive));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            using MemoryStream content = new();
            entry.DataStream?.CopyTo(content);
            files.Add(entry.Name, content.ToArray());
        }
        return files;
    }
}
