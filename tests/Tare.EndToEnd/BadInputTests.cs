using System.Security.Cryptography;
using System.Text;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Bad input gets a clear error, and nothing is left behind.</summary>
public sealed class BadInputTests(EngineFixture engine) : EngineTests(engine)
{
    private HashSet<string> imagesBefore = [];
    private HashSet<string> filesBefore = [];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        imagesBefore = await ImagesAsync();
        filesBefore = Files();
    }

    [Theory, Clients]
    public async Task An_image_that_does_not_exist(string client)
    {
        Result result = (await Run(client, "run", "--rm", "--pull", "never", "--network", "none", "tare-test/nosuch:1", "true")).Expect(125);
        Assert.Equal($"{client}: Error response from daemon: No such image: tare-test/nosuch:1", result.Err.Split('\n')[0]);
        await NothingLeft();
    }

    [Theory, ClientsWith("docker"), ClientsWith("oci"), ClientsWith("import")]
    public async Task A_truncated_archive(string client, string kind)
    {
        string image = ImageName();
        byte[] whole = Archive(kind, image, new ImageArchive { Layers = { BaseImage.BusyboxLayer } });
        foreach (int length in new[] { 1, 600, 1_000_000, whole.Length - 20_000 })
            await Refused(client, kind, image, whole[..Math.Min(length, whole.Length - 1)]);
        await NothingLeft();
    }

    [Theory, ClientsWith("docker"), ClientsWith("oci"), ClientsWith("import")]
    public async Task Something_that_is_no_archive(string client, string kind)
    {
        string image = ImageName();
        await Refused(client, kind, image, "this is no archive\n"u8.ToArray());
        await Refused(client, kind, image, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        await NothingLeft();
    }

    [Theory, ClientsWith("docker", "layer"), ClientsWith("oci", "layer"), ClientsWith("oci", "config"), ClientsWith("oci", "manifest")]
    public async Task A_tampered_archive(string client, string kind, string part)
    {
        string image = ImageName();
        ImageArchive archive = new()
        {
            // A layer that the engine has already would not be read at all.
            Layers = { new TarMaker().File("fresh", RandomNumberGenerator.GetBytes(300_000)).End() },
            // One bit inside a file's content, or a digit of a document: the archive stays well formed.
            Tamper = (name, data) => name == part ? Changed(data) : data,
        };
        Result result = await Refused(client, kind, image, Archive(kind, image, archive));
        if (!Setup.IsReference)
            Assert.Matches("sha256|digest|diffID", result.Err);
        await NothingLeft();
    }

    [Theory]
    [ClientsWith("manifest", "{\"not\": \"an array\"}")]
    [ClientsWith("manifest", "[{")]
    [ClientsWith("manifest", "[{\"Config\":\"nosuch.json\",\"RepoTags\":null,\"Layers\":[]}]")]
    [ClientsWith("manifest", "[{\"Config\":\"../../../etc/passwd\",\"RepoTags\":null,\"Layers\":[]}]")]
    [ClientsWith("config", "not json at all")]
    public async Task Documents_that_make_no_sense(string client, string part, string document)
    {
        string image = ImageName();
        ImageArchive archive = new() { Layers = { BaseImage.BusyboxLayer }, Tamper = (name, data) => name == part ? Encoding.UTF8.GetBytes(document) : data };
        await Refused(client, "docker", image, archive.Docker(image + ":latest"));
        await NothingLeft();
    }

    [Theory, ClientsWith("docker"), ClientsWith("import")]
    public async Task A_layer_that_points_outside_writes_nothing_there(string client, string kind)
    {
        (string here, string there) = Folder();
        string[] ups = ["../../../../../../../../../../.." + there + "/dotdot", there + "/absolute"];
        TarMaker[] layers =
        [
            new TarMaker().File(ups[0], "escaped"u8.ToArray()),
            new TarMaker().Link("out", there).File("out/through-link", "escaped"u8.ToArray()),
            new TarMaker().Link("up", "../../../../../../../../../../.." + there).File("up/through-dots", "escaped"u8.ToArray()),
            new TarMaker().HardLink("hard", "../../../../../../../../../../../etc/passwd"),
        ];
        foreach (TarMaker maker in layers)
        {
            string image = ImageName();
            byte[] layer = maker.End();
            // Refused or kept inside: both are right; a file outside never is.
            await Send(client, kind, image, Archive(kind, image, new ImageArchive { Layers = { BaseImage.BusyboxLayer, layer } }, layer));
            Assert.Empty(Directory.EnumerateFileSystemEntries(here));
            await Run(client, "rmi", "-f", image);
        }
        await NothingLeft();
    }

    [Theory, Clients]
    public async Task A_hard_link_to_the_hosts_files_does_not_show_them(string client)
    {
        string image = ImageName();
        byte[] layer = new TarMaker().HardLink("stolen", "../../../../../../../../../../../etc/os-release").End();
        Result load = await RunWith(client, new ImageArchive { Layers = { BaseImage.BusyboxLayer, layer } }.Docker(image + ":latest"), "load");
        if (load.Code == 0)
            Assert.NotEqual(0, (await Run(client, "run", "--rm", "--network", "none", image, "cat", "/stolen")).Code);
    }

    [Theory, Clients]
    public async Task Changes_that_are_none_are_refused(string client)
    {
        Result result = (await RunWith(client, BaseImage.BusyboxLayer, "import", "-c", "RUN x", "-", ImageName())).Expect(1);
        Assert.Equal("Error response from daemon: RUN is not a valid change command\n", result.Err);
        await NothingLeft();
    }

    [Theory, Clients]
    public async Task A_name_that_is_none_is_refused(string client)
    {
        Result result = (await Run(client, "create", "--name", "no good", "--network", "none", Image)).Expect(1);
        Assert.Contains("Invalid container name (no good), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", result.Err, StringComparison.Ordinal);
        Assert.Contains("must be lowercase", (await Run(client, "run", "--rm", "Upper", "true")).Expect(125).Err, StringComparison.Ordinal);
    }

    [Theory, ClientsWith("run"), ClientsWith("exec"), ClientsWith("ps"), ClientsWith("logs")]
    public async Task An_unknown_flag_is_named(string client, string verb)
    {
        Result result = await Run(client, verb, "--nosuchflag", Image, "true");
        result.Expect(verb == "run" ? 125 : 1 + (result.Code == 125 ? 124 : 0));
        Assert.StartsWith("unknown flag: --nosuchflag\n", result.Err, StringComparison.Ordinal);
        Assert.Contains($"Run '{client} {verb} --help' for more information", result.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("containers/create", "{", 400)]
    [InlineData("containers/create", "", 400)]
    [InlineData("containers/create", "[]", 400)]
    [InlineData("containers/create", "{\"Image\": 5}", 400)]
    [InlineData("containers/create", "{\"Image\": \"tare-test/nosuch:1\"}", 404)]
    [InlineData("containers/create", "{}", 400)]
    [InlineData("containers/nosuch/exec", "{\"Cmd\":[\"true\"]}", 404)]
    [InlineData("exec/nosuch/start", "{}", 404)]
    public async Task Json_that_is_none_gets_a_message_and_a_status(string path, string body, int status)
    {
        (int seen, string answer) = await Api.SendAsync(HttpMethod.Post, path, body);
        Assert.True(status == seen, $"{seen} {answer}");
        Assert.NotEqual("", (string)System.Text.Json.Nodes.JsonNode.Parse(answer)!["message"]!);
        await NothingLeft();
    }

    [Fact]
    public async Task An_address_that_is_none_is_404()
    {
        (int status, string body) = await Api.SendAsync(HttpMethod.Get, "nosuch");
        Assert.Equal(404, status);
        Assert.Contains("page not found", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_without_end_is_refused_without_being_kept()
    {
        string huge = "{\"Image\":\"" + new string('x', 20_000_000) + "\"}";
        (int status, _) = await Api.SendAsync(HttpMethod.Post, "containers/create", huge);
        Assert.InRange(status, 400, 499);
        await NothingLeft();
    }

    private static byte[] Changed(byte[] data)
    {
        byte[] copy = [.. data];
        // In a layer: inside the file; in a document: a digit of the date or a digest.
        int at = copy.Length > 100_000 ? 50_000 : Array.FindLastIndex(copy, b => b is >= (byte)'0' and <= (byte)'9');
        copy[at] = copy.Length > 100_000 ? (byte)(copy[at] ^ 1) : copy[at] == (byte)'1' ? (byte)'2' : (byte)'1';
        return copy;
    }

    private static byte[] Archive(string kind, string image, ImageArchive archive, byte[]? import = null) => kind switch
    {
        "docker" => archive.Docker(image + ":latest"),
        "oci" => archive.Oci(image + ":latest"),
        _ => import ?? archive.Layers[0],
    };

    private Task<Result> Send(string client, string kind, string image, byte[] archive) =>
        kind == "import" ? RunWith(client, archive, "import", "-", image) : RunWith(client, archive, "load");

    private async Task<Result> Refused(string client, string kind, string image, byte[] archive)
    {
        Result result = await Send(client, kind, image, archive);
        Assert.True(result.Code == 1, $"not refused ({archive.Length} bytes):\n{result}");
        Assert.NotEqual("", result.Err);
        Assert.NotEqual(0, (await Run(client, "image", "inspect", image)).Code);
        return result;
    }

    /// <summary>No image is there that was not, and, with a daemon of ours, no file below its data root.</summary>
    private async Task NothingLeft()
    {
        HashSet<string> now = await ImagesAsync();
        now.ExceptWith(imagesBefore);
        if (!Setup.IsReference)
        {
            Assert.Empty(now);
            HashSet<string> files = Files();
            files.ExceptWith(filesBefore);
            Assert.Empty(files);
        }
    }

    private async Task<HashSet<string>> ImagesAsync() =>
        ((System.Text.Json.Nodes.JsonArray)await Api.GetAsync("images/json?all=1")).Select(image => (string)image!["Id"]!).ToHashSet();

    private HashSet<string> Files() => Setup.IsReference ? [] :
        Directory.EnumerateFileSystemEntries(Engine.Daemon.DataRoot, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(path => !path.Contains("tare.db", StringComparison.Ordinal)).ToHashSet();
}
