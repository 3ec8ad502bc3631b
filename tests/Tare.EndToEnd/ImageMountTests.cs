using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Images mounted in containers (<c>--mount type=image</c>): what is shown, of all and of a part; that it is read-only; that in use is in use.</summary>
public sealed class ImageMountTests(EngineFixture engine) : EngineTests(engine)
{
    private const string Warning = "WARNING: Image mount is an experimental feature\n";

    [Theory, Clients]
    public async Task An_image_of_several_layers_is_shown_and_cannot_be_written_to(string client)
    {
        string image = await Made(client), name = Name();
        Result run = (await Run(client, "run", "--name", name, "--network", "none", "--mount", $"type=image,source={image},target=/deep/x", Image, "sh", "-c",
            "cat /deep/x/data/file /deep/x/data/sub/deep; ls /deep/x/data; stat -c '%a %u:%g %Y' /deep/x/data/file; test -e /deep/x/bin/wget || echo no wget; /deep/x/bin/busybox true && echo runs; test -e /deep/x/.dockerenv || echo as it is; awk '$5 == \"/deep/x\" {print $6}' /proc/self/mountinfo")).Ok();
        Assert.Equal(["top", "deep", "file", "in", "out", "sub", "640 7:8 1600000000", "no wget", "runs", "as it is", "ro,relatime"], run.Lines);
        Assert.Equal(Warning, run.Err);
        Assert.Equal(["A /deep", "A /deep/x"], (await Ok(client, "diff", name)).Split('\n').Order(StringComparer.Ordinal));
        foreach (string said in (string[])["", ",readonly", ",readonly=false"])
        {
            Result refused = (await Run(client, "run", "--rm", "--network", "none", "--mount", $"type=image,source={image},target=/x{said}", Image, "touch", "/x/data/file")).Expect(1);
            Assert.Contains("Read-only file system", refused.Err, StringComparison.Ordinal);
        }

        // Nobody can write to what others have too, whatever he may do in his container.
        await Run(client, "run", "--rm", "--network", "none", "--privileged", "--mount", $"type=image,source={image},target=/x", Image, "sh", "-c", "mount -o remount,bind,rw /x; mount -o remount,rw /x; echo changed >/x/data/file");
        Assert.Equal("top", await Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=image,source={image},target=/x", Image, "cat", "/x/data/file"));
        Assert.Equal("top", await Ok(client, "run", "--rm", "--network", "none", image, "cat", "/data/file"));
    }

    [Theory, Clients]
    public async Task An_image_has_many_names(string client)
    {
        string image = await Made(client);
        string id = await Ok(client, "image", "inspect", "-f", "{{.Id}}", image);
        foreach (string source in (string[])[image + ":latest", "docker.io/" + image, id, id[7..], id[7..19]])
            Assert.Equal("top", await Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=image,src={source},dst=/x", Image, "cat", "/x/data/file"));
    }

    [Theory, Clients]
    public async Task A_part_of_an_image(string client)
    {
        string image = await Made(client);
        string Part(string path) => $"type=image,source={image},target=/part,image-subpath={path}";
        Task<Result> With(string path, params string[] command) => Run(client, ["run", "--rm", "--network", "none", "--mount", Part(path), Image, .. command]);
        Assert.Equal("file in out sub", (await With("data", "sh", "-c", "echo $(ls /part)")).Ok().Text);
        Assert.Equal("deep", (await With("data/in", "cat", "/part/deep")).Ok().Text);
        foreach (string path in (string[])["data/file", "data/file/", "./data//file", "nosuch/../data/file"])
            Assert.Equal("top", (await With(path, "cat", "/part")).Ok().Text);
        Assert.Equal("data", (await With("data/..", "sh", "-c", "ls / >/dev/null; ls /part | grep data")).Ok().Text);
        Assert.Contains("Read-only file system", (await With("data/file", "sh", "-c", "echo x >/part")).Expect(1).Err, StringComparison.Ordinal);
        Assert.Equal("top", await Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=image,source={image},target=/etc/passwd,image-subpath=data/file", Image, "cat", "/etc/passwd"));
        Assert.Matches("cannot access path .*/nosuch: .*no such file or directory", (await With("nosuch", "true")).Expect(127).Err);
        Assert.Matches("cannot access path .*/bin/wget: .*no such file or directory", (await With("bin/wget", "true")).Expect(127).Err);
        (await With("data/out", "true")).Expect(Setup.IsReference ? 127 : 125);
        foreach (string path in (string[])["/data", "..", "../data", "data/../../data"])
        {
            Assert.Contains(
                "Error response from daemon: invalid mount config for type \"image\": subpath must be a relative path within the volume\n", (await With(path, "true")).Expect(125).Err, StringComparison.Ordinal);
        }
    }

    [Theory, Clients]
    public async Task Inspect_and_ps_tell_of_it(string client)
    {
        string image = await Made(client), name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", "--mount", $"type=image,source={image},target=/x/,image-subpath=data/../data", Image);
        JsonNode mount = Assert.Single((JsonArray)JsonNode.Parse(await Ok(client, "inspect", "-f", "{{json .Mounts}}", name))!)!;
        Assert.Equal(["Type", "Name", "Source", "Destination", "Mode", "RW", "Propagation"], ((JsonObject)mount).Select(field => field.Key));
        Assert.Equal(
            ("image", image, "/x", "", false, "rprivate"),
            ((string)mount["Type"]!, (string)mount["Name"]!, (string)mount["Destination"]!, (string)mount["Mode"]!, (bool)mount["RW"]!, (string)mount["Propagation"]!));
        Assert.StartsWith("/", (string)mount["Source"]!, StringComparison.Ordinal);
        Assert.Equal(
            "[{\"Type\":\"image\",\"Source\":\"" + image + "\",\"Target\":\"/x/\",\"ImageOptions\":{\"Subpath\":\"data/../data\"}}]",
            await Ok(client, "inspect", "-f", "{{json .HostConfig.Mounts}}", name));
        foreach (string filter in (string[])["volume=" + image, "volume=/x"])
            Assert.Equal(id[..12], await Ok(client, "ps", "-a", "-q", "--filter", "name=" + name, "--filter", filter));
        Assert.Equal("", await Ok(client, "ps", "-a", "-q", "--filter", "name=" + name, "--filter", "ancestor=" + image));
        Assert.Equal($"{image} 0", await Ok(client, "ps", "-a", "--no-trunc", "--filter", "name=" + name, "--format", "{{.Mounts}} {{.LocalVolumes}}"));
        JsonNode listed = ((JsonArray)await Api.GetAsync("images/json")).Single(entry => ((JsonArray)entry!["RepoTags"]!).Any(tag => (string)tag! == image + ":latest"))!;
        Assert.InRange((int)listed["Containers"]!, -1, 0);
    }

    [Theory, Clients]
    public async Task In_use_means_in_use(string client)
    {
        string image = await Made(client, "LABEL " + Name() + "=1"), name = await Idle(client, "--mount", $"type=image,source={image},target=/x");
        string container = await Ok(client, "inspect", "-f", "{{.Id}}", name), id = await Ok(client, "image", "inspect", "-f", "{{.Id}}", image);
        string label = await Ok(client, "image", "inspect", "-f", "{{range $key, $value := .Config.Labels}}{{$key}}{{end}}", image);
        string refusal = $"Error response from daemon: conflict: unable to remove repository reference \"{image}\" (must force) - container {container[..12]} is using its referenced image {id[7..19]}\n";
        Assert.Equal(refusal, (await Run(client, "rmi", image)).Expect(1).Err);
        if (!Setup.IsReference)
        {
            // Docker removes it by its id, and by force.
            string byId = $"Error response from daemon: conflict: unable to delete {id[7..19]} (cannot be forced) - image is being used by running container {container[..12]}\n";
            Assert.Equal(byId, (await Run(client, "rmi", id)).Expect(1).Err);
            Assert.Equal(byId, (await Run(client, "rmi", "-f", id[..19])).Expect(1).Err);
        }

        Assert.Equal("Total reclaimed space: 0B", await Ok(client, "image", "prune", "-a", "-f", "--filter", "label=" + label));
        await Ok(client, "restart", "-t", "0", name);
        Assert.Equal("top", await Ok(client, "exec", name, "cat", "/x/data/file"));
        await Ok(client, "stop", name);
        Assert.Equal(refusal, (await Run(client, "rmi", image)).Expect(1).Err);

        // By force the image goes from under a container that does not run, which keeps its files.
        await Ok(client, "rmi", "-f", image);
        (await Run(client, "image", "inspect", id)).Expect(1);
        await Ok(client, "start", name);
        Assert.Equal("top", await Ok(client, "exec", name, "cat", "/x/data/file"));
        await Ok(client, "rm", "-f", name);
    }

    [Theory, Clients]
    public async Task An_image_is_removed_when_its_last_container_is(string client)
    {
        string image = await Made(client), name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", "--mount", $"type=image,source={image},target=/x", Image);
        await Ok(client, "rm", name);
        Assert.StartsWith($"Untagged: {image}:latest\nDeleted: sha256:", await Ok(client, "rmi", image), StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Images_and_volumes_of_another_container(string client)
    {
        string image = await Made(client), name = await Idle(client, "--mount", $"type=image,source={image},target=/x,image-subpath=data", "--mount", $"type=image,source={Image},target=/x/sub");
        Assert.Equal("top sh", await Ok(client, "run", "--rm", "--network", "none", "--volumes-from", name, Image, "sh", "-c", "echo $(cat /x/file) $(ls /x/sub/bin | grep ^sh$)"));
        Assert.Contains("Read-only", (await Run(client, "run", "--rm", "--network", "none", "--volumes-from", name + ":rw", Image, "touch", "/x/y")).Expect(1).Err, StringComparison.Ordinal);
        // A volume of its own at the place is none.
        Assert.Equal("image", await Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=image,source={image},target=/v", "-v", "/v", Image, "sh", "-c", "test -e /v/data/file && echo image"));
        Assert.Equal("tmpfs", await Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=image,source={image},target=/v", "--tmpfs", "/v", Image, "stat", "-f", "-c", "%T", "/v"));
    }

    [Theory, Clients]
    public async Task What_cannot_be_mounted(string client)
    {
        const string there = "type=image,source=" + Image;
        await Refused(client, "invalid mount config for type \"image\": field Source must not be empty", "type=image,target=/x");
        await Refused(client, "invalid mount config for type \"image\": invalid specification: destination can't be '/'", there + ",target=/");
        await Refused(client, "invalid mount config for type \"image\": invalid mount path: 'x' mount path must be absolute", there + ",target=x");
        await Refused(client, "invalid reference format: repository name (library/UPPER) must be lowercase", "type=image,source=UPPER,target=/x");
        await Refused(client, "Duplicate mount point: /x", there + ",target=/x", "-v", "/tmp:/x");
        await Flag(client, "cannot mix 'volume-*' options with mount type 'image'", there + ",target=/x,volume-nocopy");
        await Flag(client, "cannot mix 'bind-*' options with mount type 'image'", there + ",target=/x,bind-propagation=shared");
        await Flag(client, "cannot mix 'image-*' options with mount type 'volume'", "type=volume,target=/x,image-subpath=y");
        await Flag(client, "target is required", there);
    }

    [Fact]
    public async Task A_missing_image_and_older_versions_are_told_by_the_API()
    {
        Task<(int Status, string Body)> Create(string version, string mount) =>
            Api.SendAsync(HttpMethod.Post, $"/v{version}/containers/create?name={Name()}", "{\"Image\":\"" + Image + "\",\"HostConfig\":{\"NetworkMode\":\"none\",\"Mounts\":[" + mount + "]}}");
        const string fine = "{\"Type\":\"image\",\"Source\":\"" + Image + "\",\"Target\":\"/x\"";
        Assert.Equal((400, "{\"message\":\"Mount type \\\"Image\\\" needs API v1.48 or newer\"}"), Trimmed(await Create("1.47", fine + "}")));
        Assert.Equal((404, "{\"message\":\"No such image: nosuch:latest\"}"), Trimmed(await Create("1.48", "{\"Type\":\"image\",\"Source\":\"nosuch\",\"Target\":\"/x\"}")));
        Assert.Equal((400, "{\"message\":\"BindOptions must not be specified on mount type \\\"image\\\"\"}"), Trimmed(await Create("1.48", fine + ",\"BindOptions\":{}}")));
        Assert.Equal(
            (400, "{\"message\":\"invalid mount config for type \\\"tmpfs\\\": field ImageOptions must not be specified\"}"),
            Trimmed(await Create("1.48", "{\"Type\":\"tmpfs\",\"Target\":\"/x\",\"ImageOptions\":{}}")));
        (int status, string body) = await Create("1.48", fine + "}");
        Assert.Equal((201, "[\"Image mount is an experimental feature\"]"), (status, JsonNode.Parse(body)!["Warnings"]!.ToJsonString()));
    }

    [Fact]
    public async Task Our_own_client_says_which_image_is_missing_and_fetches_no_other()
    {
        Result refused = (await Run("tare", "run", "--rm", "--network", "none", "--mount", "type=image,source=nosuch,target=/x", Image, "true")).Expect(125);
        Assert.StartsWith("tare: Error response from daemon: No such image: nosuch:latest\n", refused.Err, StringComparison.Ordinal);
    }

    private static (int Status, string Body) Trimmed((int Status, string Body) answer) => (answer.Status, answer.Body.Trim());

    private async Task Refused(string client, string message, string mount, params string[] options) =>
        Assert.Contains(
            $"Error response from daemon: {message}\n", (await Run(client, ["run", "--rm", "--network", "none", "--mount", mount, .. options, Image, "true"])).Expect(125).Err, StringComparison.Ordinal);

    private async Task Flag(string client, string message, string mount) =>
        Assert.StartsWith(
            $"invalid argument \"{mount}\" for \"--mount\" flag: {message}\n", (await Run(client, "run", "--rm", "--network", "none", "--mount", mount, Image, "true")).Expect(125).Err, StringComparison.Ordinal);

    /// <summary>An image of three layers: one hides a file of the lowest, and both have something in one directory.</summary>
    private async Task<string> Made(string client, params string[] changes)
    {
        string first = Name(), second = Name(), below = ImageName(), image = ImageName();
        await Ok(client, "run", "--name", first, "--network", "none", Image, "sh", "-c", "mkdir -p /data/sub; echo bottom >/data/file; echo deep >/data/sub/deep; echo gone >/data/gone; ln -s sub /data/in; ln -s ../../nowhere /data/out");
        await Ok(client, "commit", first, below);
        await Ok(client, "run", "--name", second, "--network", "none", below, "sh", "-c", "echo top >/data/file; chown 7:8 /data/file; chmod 640 /data/file; touch -d @1600000000 /data/file; rm /data/gone /bin/wget");
        await Ok(client, ["commit", .. changes.SelectMany(change => (string[])["-c", change]), second, image]);
        await Ok(client, "rm", first, second);
        return image;
    }
}
