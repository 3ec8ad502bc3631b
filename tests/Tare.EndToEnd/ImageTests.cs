using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>import, load of both layouts, images, image inspect, tag, rmi.</summary>
public sealed class ImageTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task Import_of_a_file_and_of_standard_input(string client)
    {
        (string here, _) = Folder();
        string file = Path.Combine(here, "root.tar");
        await File.WriteAllBytesAsync(file, BaseImage.BusyboxLayer);
        string one = ImageName();
        string id = await Ok(client, "import", file, one);
        Assert.Matches("^sha256:[0-9a-f]{64}$", id);
        Assert.Equal("imported", await Ok(client, "run", "--rm", "--network", "none", one, "/bin/busybox", "echo", "imported"));
        string two = ImageName();
        Assert.Matches("^sha256:[0-9a-f]{64}$", (await RunWith(client, BaseImage.BusyboxLayer, "import", "-", two)).Ok().Text);
        Assert.Equal(id, await Ok(client, "image", "inspect", "-f", "{{.Id}}", one));
        Assert.Equal(ImageArchive.Digest(BaseImage.BusyboxLayer), await Ok(client, "image", "inspect", "-f", "{{index .RootFS.Layers 0}}", two));
    }

    [Theory, Clients]
    public async Task Import_takes_changes_and_a_message(string client)
    {
        string image = ImageName() + ":v1";
        Result result = await RunWith(client, BaseImage.BusyboxLayer, "import", "-m", "a message",
            "-c", "CMD [\"/bin/busybox\",\"true\"]", "-c", "ENV A=b C=\"d e\"", "-c", "WORKDIR /w", "-c", "LABEL x=y", "-c", "USER 5",
            "-c", "EXPOSE 80/tcp", "-c", "VOLUME /v", "-c", "ENTRYPOINT [\"/x\"]", "-c", "STOPSIGNAL SIGUSR1", "-", image);
        result.Ok();
        JsonNode seen = ((JsonArray)JsonNode.Parse(await Ok(client, "image", "inspect", image))!)[0]!;
        Assert.Equal(result.Text, (string)seen["Id"]!);
        Assert.Equal("a message", (string)seen["Comment"]!);
        Assert.Equal("linux", (string)seen["Os"]!);
        Assert.Equal([image], ((JsonArray)seen["RepoTags"]!).Select(t => (string)t!));
        JsonNode config = seen["Config"]!;
        Assert.Equal(["/bin/busybox", "true"], ((JsonArray)config["Cmd"]!).Select(t => (string)t!));
        Assert.Equal(["/x"], ((JsonArray)config["Entrypoint"]!).Select(t => (string)t!));
        Assert.Equal(["A=b", "C=d e"], ((JsonArray)config["Env"]!).Select(t => (string)t!));
        Assert.Equal("/w", (string)config["WorkingDir"]!);
        Assert.Equal("5", (string)config["User"]!);
        Assert.Equal("y", (string)config["Labels"]!["x"]!);
        Assert.Equal("SIGUSR1", (string)config["StopSignal"]!);
        Assert.NotNull(config["ExposedPorts"]!["80/tcp"]);
        Assert.NotNull(config["Volumes"]!["/v"]);
    }

    [Theory, Clients]
    public async Task Load_of_a_docker_archive(string client)
    {
        string image = ImageName();
        ImageArchive archive = TwoLayers("docker");
        await Loads(client, image, archive, archive.Docker(image + ":latest"));
    }

    /// <summary>Docker reads it with its containerd image store only.</summary>
    [TareTheory, Clients]
    public async Task Load_of_an_oci_layout(string client)
    {
        string image = ImageName();
        ImageArchive archive = TwoLayers("oci");
        await Loads(client, image, archive, archive.Oci(image + ":latest"));
    }

    private async Task Loads(string client, string image, ImageArchive archive, byte[] bytes)
    {
        Assert.Equal($"Loaded image: {image}:latest\n", (await RunWith(client, bytes, "load")).Ok().Out);
        Assert.Equal(archive.Id, await Ok(client, "image", "inspect", "-f", "{{.Id}}", image));
        Assert.Equal("upper\n", (await Run(client, "run", "--rm", "--network", "none", image, "cat", "/both")).Ok().Out);
        Assert.Equal("1", await Ok(client, "run", "--rm", "--network", "none", image, "sh", "-c", "test -e /gone; echo $?"));
        Assert.Equal("new", await Ok(client, "run", "--rm", "--network", "none", image, "ls", "/opaque"));
        Assert.Equal("lower", await Ok(client, "run", "--rm", "--network", "none", image, "cat", "/lower"));
        Assert.Equal("2", await Ok(client, "run", "--rm", "--network", "none", image, "stat", "-c", "%h", "/hard"));
    }

    [Theory, Clients]
    public async Task Load_of_a_file_is_quiet_when_asked_and_compressed_archives_are_read(string client)
    {
        (string here, _) = Folder();
        string image = ImageName();
        string file = Path.Combine(here, "image.tar.gz");
        await using (System.IO.Compression.GZipStream gzip = new(File.Create(file), System.IO.Compression.CompressionLevel.Fastest))
            await gzip.WriteAsync(TwoLayers("gzip").Docker(image + ":latest"));
        Assert.Equal($"Loaded image: {image}:latest\n", (await Run(client, "load", "-q", "-i", file)).Ok().Out);
        Assert.Equal("lower", await Ok(client, "run", "--rm", "--network", "none", image, "cat", "/lower"));
    }

    [Theory, Clients]
    public async Task An_archive_without_a_name_is_loaded_by_id(string client)
    {
        ImageArchive archive = TwoLayers("nameless " + client);
        Result result = (await RunWith(client, archive.Docker(null), "load")).Ok();
        Assert.Equal($"Loaded image ID: {archive.Id}\n", result.Out);
        Assert.Contains($"Deleted: {archive.Id}", await Ok(client, "rmi", archive.Id), StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Images_lists_names_ids_and_sizes(string client)
    {
        string image = ImageName();
        await Load(client, image + ":v2", TwoLayers("list"));
        string[] lines = (await Ok(client, "images")).Split('\n');
        Assert.Equal(["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        string line = Assert.Single(lines, l => l.StartsWith(image + " ", StringComparison.Ordinal));
        Assert.Matches($@"^{image} +v2 +[0-9a-f]{{12}} +(\d+ (months|years)|\w+.*) ago +[\d.]+MB$", line);
        string id = await Ok(client, "images", "-q", "--no-trunc", image);
        Assert.Equal(id, await Ok(client, "image", "inspect", "-f", "{{.Id}}", image + ":v2"));
        Assert.Equal($"{image}:v2", await Ok(client, "images", "--format", "{{.Repository}}:{{.Tag}}", image));
        Assert.Single((await Ok(client, "images", "nosuch-image")).Split('\n'));
        // Another name of the same image is not of this repository.
        await Ok(client, "tag", image + ":v2", ImageName() + ":v2");
        Assert.Equal(id, await Ok(client, "images", "-q", "--no-trunc", image));
    }

    /// <summary>sha256:abc is the beginning of an id.</summary>
    [Theory, ClientsWith("sha256"), ClientsWith("sha256:abc")]
    public async Task No_image_is_named_as_a_digest_begins(string client, string name) =>
        Assert.Equal(
            "Error response from daemon: refusing to create an ambiguous tag using digest algorithm as name\n",
            (await Run(client, "tag", Image, name)).Expect(1).Err);

    [Theory, Clients]
    public async Task An_image_is_found_by_name_tag_id_and_prefix(string client)
    {
        string id = await Ok(client, "image", "inspect", "-f", "{{.Id}}", "tare-test/busybox");
        string hex = id["sha256:".Length..];
        foreach (string reference in new[] { Image, "docker.io/" + Image, id, hex, hex[..12] })
            Assert.Equal(id, await Ok(client, "image", "inspect", "-f", "{{.Id}}", reference));
        Assert.Equal("0", await Ok(client, "run", "--rm", "--network", "none", hex[..12], "sh", "-c", "echo $?"));
    }

    [Theory, Clients]
    public async Task Tag_and_rmi_untag_before_they_delete(string client)
    {
        string image = ImageName();
        ImageArchive archive = TwoLayers("rmi " + client);
        await Load(client, image + ":one", archive);
        await Ok(client, "tag", image + ":one", image + ":two");
        Assert.Equal($"Untagged: {image}:one\n", (await Run(client, "rmi", image + ":one")).Ok().Out);
        string[] lines = (await Run(client, "rmi", image + ":two")).Ok().Lines;
        Assert.Equal($"Untagged: {image}:two", lines[0]);
        Assert.Equal($"Deleted: {archive.Id}", lines[1]);
        Assert.All(lines.Skip(2), line => Assert.Matches("^Deleted: sha256:[0-9a-f]{64}$", line));
        Result gone = (await Run(client, "image", "inspect", image + ":two")).Expect(1);
        Assert.Equal("[]\n", gone.Out);
        Assert.Equal($"Error response from daemon: No such image: {image}:two\n", gone.Err);
    }

    [Theory, Clients]
    public async Task An_image_in_use_is_not_removed_unless_forced(string client)
    {
        string image = ImageName();
        await Load(client, image + ":latest", TwoLayers("used " + client));
        string name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", image);
        string short12 = (await Ok(client, "image", "inspect", "-f", "{{.Id}}", image))["sha256:".Length..][..12];
        Result refused = (await Run(client, "rmi", image)).Expect(1);
        Assert.Equal($"Error response from daemon: conflict: unable to remove repository reference \"{image}\" (must force) - container {id[..12]} is using its referenced image {short12}\n", refused.Err);
        await Ok(client, "rmi", "-f", image);
        await Ok(client, "rm", name);
    }

    [Theory, Clients]
    public async Task Rmi_of_what_is_not_there(string client)
    {
        Result result = (await Run(client, "rmi", "nosuch-image")).Expect(1);
        Assert.StartsWith("Error response from daemon: No such image: nosuch-image", result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task What_a_container_writes_stays_its_own(string client)
    {
        string name = Name();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "echo x > /etc/passwd; rm /etc/group");
        Assert.Contains("root:x:0:0", await Ok(client, "run", "--rm", "--network", "none", Image, "cat", "/etc/passwd", "/etc/group"), StringComparison.Ordinal);
    }

    private static ImageArchive TwoLayers(string mark)
    {
        TarMaker lower = new TarMaker().File("lower", "lower"u8.ToArray()).File("both", "lower\n"u8.ToArray()).File("gone", []).File("mark", System.Text.Encoding.UTF8.GetBytes(mark))
            .Folder("opaque").File("opaque/old", []).File("hard", "hard"u8.ToArray()).HardLink("link", "hard");
        TarMaker upper = new TarMaker().File("both", "upper\n"u8.ToArray()).File(".wh.gone", []).Folder("opaque").File("opaque/.wh..wh..opq", []).File("opaque/new", []);
        return new ImageArchive { Layers = { BaseImage.BusyboxLayer, lower.End(), upper.End() } };
    }

    private async Task Load(string client, string name, ImageArchive archive) => (await RunWith(client, archive.Docker(name), "load")).Ok();
}
