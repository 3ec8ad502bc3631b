using System.Globalization;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Volumes: made, listed and removed; named and anonymous ones in containers; what an image has at their place; in use is in use.</summary>
public sealed class VolumeTests(EngineFixture engine) : EngineTests(engine)
{
    private readonly List<string> volumes = [];

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (string volume in volumes)
            await Api.SendAsync(HttpMethod.Delete, "volumes/" + volume + "?force=1");
    }

    [Theory, Clients]
    public async Task Create_list_inspect_and_remove(string client)
    {
        string one = Volume(), two = Volume();
        Assert.Equal(one, await Ok(client, "volume", "create", one));
        Assert.Equal(one, await Ok(client, "volume", "create", one));
        Assert.Equal(two, await Ok(client, "volume", "create", "--label", "a=b", "--label", "c", "-o", "type=tmpfs", "-o", "device=tmpfs", "--opt", "o=size=1m", two));
        JsonNode seen = await Inspect(client, two);
        Assert.Equal(("local", "local", two), ((string)seen["Driver"]!, (string)seen["Scope"]!, (string)seen["Name"]!));
        Assert.Equal("""{"a":"b","c":""}""", seen["Labels"]!.ToJsonString());
        Assert.Equal("""{"device":"tmpfs","o":"size=1m","type":"tmpfs"}""", seen["Options"]!.ToJsonString());
        Assert.EndsWith($"/volumes/{two}/_data", (string)seen["Mountpoint"]!, StringComparison.Ordinal);
        Assert.True(DateTimeOffset.TryParse((string)seen["CreatedAt"]!, CultureInfo.InvariantCulture, out _));
        JsonNode bare = await Inspect(client, one);
        Assert.Equal((null, null), (bare["Labels"], bare["Options"]));
        Assert.Equal($"{one}|map[]|<nil>", await Ok(client, "inspect", "-f", "{{.Name}}|{{.Labels}}|{{.UsageData}}", one));

        Assert.Equal([one, two], await Names(client, "--filter", "name=" + one[..^2]));
        Assert.Equal([two], await Names(client, "--filter", "name=" + two, "--filter", "label=a=b"));
        Assert.Empty(await Names(client, "--filter", "name=" + one, "--filter", "driver=nosuch"));
        Assert.Equal([two], await Names(client, "--filter", "name=" + two, "--filter", "dangling=true"));
        Assert.Equal($"DRIVER    VOLUME NAME\nlocal     {two}", await Ok(client, "volume", "ls", "--filter", "label=c", "--filter", "name=" + two));
        Assert.Equal($"local {two} b N/A", await Ok(client, "volume", "list", "--filter", "name=" + two, "--format", "{{.Driver}} {{.Name}} {{.Label \"a\"}} {{.Size}}"));

        Assert.Equal([one, two], (await Run(client, "volume", "rm", one, two)).Ok().Lines);
        Assert.Equal($"Error response from daemon: get {one}: no such volume\n", (await Run(client, "volume", "rm", one)).Expect(1).Err);
        Assert.Equal(one, await Ok(client, "volume", "rm", "-f", one));
        Assert.Equal($"Error response from daemon: get {one}: no such volume\n", (await Run(client, "volume", "inspect", one)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task What_is_no_volume(string client)
    {
        string name = Volume();
        await Refused(client, "create x: volume name is too short, names should be at least two alphanumeric characters", "x");
        await Refused(
            client,
            "create bad/name: \"bad/name\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path",
            "bad/name");
        await Refused(client, $"create {name}: error looking up volume plugin nosuch: plugin \"nosuch\" not found", "-d", "nosuch", name);
        await Refused(client, $"create {name}: missing required option: \"device\"", "-o", "type=tmpfs", name);
        await Refused(client, $"create {name}: invalid option: \"foo\"", "-o", "foo=bar", name);
        await Refused(client, $"create {name}: invalid size: 'abc'", "-o", "size=abc", name);
        Assert.StartsWith($"Error response from daemon: create {name}: quota size requested but no quota support", (await Run(client, "volume", "create", "-o", "size=1g", name)).Expect(1).Err, StringComparison.Ordinal);
        string unlimited = Volume();
        await Ok(client, "volume", "create", "-o", "size=0", unlimited);
        await Ok(client, "run", "--rm", "--network", "none", "-v", unlimited + ":/v", Image, "touch", "/v/file");
        await Refused(client, "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.", "--scope", "multi");
        Assert.Equal("conflicting options: cannot specify a volume-name through both --name and as a positional arg\n", (await Run(client, "volume", "create", "--name", name, name)).Expect(1).Err);
        Assert.Equal("Error response from daemon: invalid filter 'foo'\n", (await Run(client, "volume", "ls", "--filter", "foo=bar")).Expect(1).Err);
        Assert.Equal("Error response from daemon: invalid filter 'dangling=[maybe]'\n", (await Run(client, "volume", "ls", "--filter", "dangling=maybe")).Expect(1).Err);
        await Ok(client, "volume", "create", name);
        Assert.Equal("can only update cluster volumes\n", (await Run(client, "volume", "update", name)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task A_volume_keeps_its_data_and_may_be_read_only(string client)
    {
        string volume = Volume();
        await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/new", Image, "sh", "-c", "echo kept >/new/file");
        Assert.Equal("kept", await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/elsewhere:ro", Image, "cat", "/elsewhere/file"));
        Assert.Contains("Read-only file system", (await Run(client, "run", "--rm", "--network", "none", "-v", volume + ":/x:ro", Image, "touch", "/x/y")).Expect(1).Err, StringComparison.Ordinal);
        string mount = $"type=volume,source={volume},target=/x,readonly";
        Assert.Contains("Read-only file system", (await Run(client, "run", "--rm", "--network", "none", "--mount", mount, Image, "touch", "/x/y")).Expect(1).Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task An_empty_volume_gets_what_the_image_has_there(string client)
    {
        string image = await ImageWithData(client), volume = Volume(), untouched = Volume();
        const string look = "stat -c '%n %a %u:%g' /data; stat -c '%n %a %u:%g %Y' /data/file /data/sub; cat /data/hard; readlink /data/link; stat -c %h /data/file";
        string[] expected = ["/data 2750 5:6", "/data/file 4750 7:8 1600000000", "/data/sub 700 9:10 1400000000", "content", "file", "2"];
        Assert.Equal(expected, (await Run(client, "run", "--rm", "--network", "none", "-v", volume + ":/data", image, "sh", "-c", look)).Ok().Lines);
        // What is in it stays, whatever the image.
        Assert.Equal(expected, (await Run(client, "run", "--rm", "--network", "none", "-v", volume + ":/data", Image, "sh", "-c", look)).Ok().Lines);
        await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/data", Image, "sh", "-c", "rm /data/file; echo changed >/data/hard");
        Assert.Equal("changed", await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/data", image, "sh", "-c", "cat /data/hard; ls /data/file 2>/dev/null || true"));
        Assert.Equal("", await Ok(client, "run", "--rm", "--network", "none", "-v", untouched + ":/data:nocopy", image, "ls", "/data"));
        Assert.Equal("", await Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=volume,source={untouched},target=/data,volume-nocopy", image, "ls", "/data"));
        Assert.Equal(expected[3], await Ok(client, "run", "--rm", "--network", "none", "-v", untouched + ":/way", image, "cat", "/data/file"));
    }

    [Theory, Clients]
    public async Task A_link_in_the_image_leads_to_what_is_copied_and_never_out_of_it(string client)
    {
        string made = Name(), image = ImageName(), volume = Volume(), other = Volume();
        await Ok(client, "run", "--name", made, "--network", "none", Image, "sh", "-c", "mkdir /real; echo inside >/real/file; ln -s /real /absolute; ln -s ../../../../real /relative");
        await Ok(client, "commit", made, image);
        Assert.Equal("inside", await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/absolute", image, "cat", "/absolute/file"));
        Assert.Equal("inside", await Ok(client, "run", "--rm", "--network", "none", "-v", other + ":/relative", image, "cat", "/relative/file"));
    }

    [Theory, Clients]
    public async Task Anonymous_volumes_go_with_their_container_when_that_is_said(string client)
    {
        string image = await ImageWithData(client, "-c", "VOLUME /data"), name = Name();
        await Ok(client, "run", "--name", name, "--network", "none", "-v", "/other", image, "sh", "-c", "echo more >/data/more; echo other >/other/file");
        JsonNode[] mounts = [.. ((JsonArray)JsonNode.Parse(await Ok(client, "inspect", "-f", "{{json .Mounts}}", name))!).OrderBy(mount => (string)mount!["Destination"]!, StringComparer.Ordinal)!];
        Assert.Equal(["/data", "/other"], mounts.Select(mount => (string)mount["Destination"]!));
        foreach (JsonNode mount in mounts)
        {
            string volume = (string)mount["Name"]!;
            volumes.Add(volume);
            Assert.Matches("^[0-9a-f]{64}$", volume);
            Assert.Equal(("volume", "local", "", true, ""), ((string)mount["Type"]!, (string)mount["Driver"]!, (string)mount["Mode"]!, (bool)mount["RW"]!, (string)mount["Propagation"]!));
            JsonNode seen = await Inspect(client, volume);
            Assert.Equal((string)mount["Source"]!, (string)seen["Mountpoint"]!);
            Assert.Equal("""{"com.docker.volume.anonymous":""}""", seen["Labels"]!.ToJsonString());
        }
        string data = volumes[^2], other = volumes[^1];
        Assert.Equal("{\"/data\":{},\"/other\":{}}", await Ok(client, "inspect", "-f", "{{json .Config.Volumes}}", name));
        await Ok(client, "rm", name);
        Assert.Equal("more", await Ok(client, "run", "--rm", "--network", "none", "-v", data + ":/x", Image, "cat", "/x/more"));
        Assert.Equal("content", await Ok(client, "run", "--rm", "--network", "none", "-v", data + ":/x", Image, "cat", "/x/file"));

        // A volume that was given a name stays, whoever made the name.
        string again = Name();
        await Ok(client, "create", "--name", again, "--network", "none", "-v", other + ":/named", "-v", "/fresh", Image);
        string fresh = await Ok(client, "inspect", "-f", "{{range .Mounts}}{{if eq .Destination \"/fresh\"}}{{.Name}}{{end}}{{end}}", again);
        await Ok(client, "rm", "-v", again);
        await Inspect(client, other);
        Assert.Equal($"Error response from daemon: get {fresh}: no such volume\n", (await Run(client, "volume", "inspect", fresh)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task Rm_takes_anonymous_volumes_along(string client)
    {
        string name = Name();
        using Running run = Start(client, "run", "--rm", "--name", name, "--network", "none", "-v", "/anonymous", Image, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        await Eventually.EqualAsync("running", async () => await Api.ExistsAsync(name) ? await Api.StatusAsync(name) : "");
        string volume = await Ok(client, "inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", name);
        volumes.Add(volume);
        await Inspect(client, volume);
        await Ok(client, "stop", name);
        await run.EndAsync();
        await Eventually.EqualAsync(404, async () => (await Api.SendAsync(HttpMethod.Get, "volumes/" + volume)).Status);
    }

    [Theory, Clients]
    public async Task In_use_means_in_use(string client)
    {
        string volume = Volume(), name = Name(), other = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", "-v", volume + ":/v", Image);
        string refusal = $"Error response from daemon: remove {volume}: volume is in use - [{id}]\n";
        Assert.Equal(refusal, (await Run(client, "volume", "rm", volume)).Expect(1).Err);
        Assert.Equal(refusal, (await Run(client, "volume", "rm", "-f", volume)).Expect(1).Err);
        Assert.Equal(409, (await Api.SendAsync(HttpMethod.Delete, "volumes/" + volume)).Status);
        Assert.Empty(await Names(client, "--filter", "name=" + volume, "--filter", "dangling=true"));
        Assert.Equal([volume], await Names(client, "--filter", "name=" + volume, "--filter", "dangling=false"));
        Assert.DoesNotContain(volume, await Ok(client, "volume", "prune", "-f", "-a", "--filter", "label=nosuch"), StringComparison.Ordinal);
        Assert.Equal(id[..12], await Ok(client, "ps", "-a", "--filter", "volume=" + volume, "--format", "{{.ID}}"));
        Assert.Equal($"{volume} 1", await Ok(client, "ps", "-a", "--filter", "name=" + name, "--format", "{{.Mounts}} {{.LocalVolumes}}"));
        await Ok(client, "run", "--name", other, "--network", "none", "--volumes-from", name, Image, "true");
        await Ok(client, "rm", name);
        Assert.Contains("volume is in use", (await Run(client, "volume", "rm", volume)).Expect(1).Err, StringComparison.Ordinal);
        await Ok(client, "rm", "-v", other);
        await Ok(client, "volume", "rm", volume);
    }

    [Theory, Clients]
    public async Task Volumes_from_another_container(string client)
    {
        (string here, string there) = Folder();
        await File.WriteAllTextAsync(Path.Combine(here, "f"), "bound");
        string volume = Volume(), first = Name();
        await Ok(client, "run", "--name", first, "--network", "none", "-v", volume + ":/named", "-v", "/anonymous", "-v", there + ":/bound", Image, "sh", "-c", "echo a >/anonymous/a; echo n >/named/n");
        volumes.Add(await Ok(client, "inspect", "-f", "{{range .Mounts}}{{if eq .Destination \"/anonymous\"}}{{.Name}}{{end}}{{end}}", first));
        Assert.Equal(["a", "n", "bound"], (await Run(client, "run", "--rm", "--network", "none", "--volumes-from", first, Image, "sh", "-c", "cat /anonymous/a /named/n /bound/f; echo")).Ok().Lines);
        Assert.Contains("Read-only", (await Run(client, "run", "--rm", "--network", "none", "--volumes-from", first + ":ro", Image, "touch", "/named/x")).Expect(1).Err, StringComparison.Ordinal);
        Assert.Equal("x", await Ok(client, "run", "--rm", "--network", "none", "--volumes-from", first + ":z", Image, "sh", "-c", "echo x >/named/x; cat /named/x"));
        // Another container's removal does not take them away.
        await Inspect(client, volumes[^1]);
        Assert.Contains("invalid mode: foo", (await Run(client, "run", "--rm", "--network", "none", "--volumes-from", first + ":foo", Image)).Expect(125).Err, StringComparison.Ordinal);
        string second = Name();
        await Ok(client, "create", "--name", second, "--network", "none", "--volumes-from", first, Image);
        await Ok(client, "rm", "-v", first);
        await Inspect(client, volumes[^1]);
        await Ok(client, "rm", "-v", second);
        (await Run(client, "volume", "inspect", volumes[^1])).Expect(1);
        await Inspect(client, volume);
    }

    [Theory, Clients]
    public async Task A_part_of_a_volume(string client)
    {
        string volume = Volume();
        await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/v", Image, "sh", "-c", "mkdir -p /v/a/b; echo deep >/v/a/b/file; ln -s /etc /v/out; ln -s a/b /v/in");
        string Part(string path) => $"type=volume,source={volume},target=/part,volume-subpath={path}";
        Assert.Equal("deep", await Ok(client, "run", "--rm", "--network", "none", "--mount", Part("a/b"), Image, "cat", "/part/file"));
        Assert.Equal("deep", await Ok(client, "run", "--rm", "--network", "none", "--mount", Part("in"), Image, "cat", "/part/file"));
        Assert.Contains("no such file or directory", (await Run(client, "run", "--rm", "--network", "none", "--mount", Part("nosuch"), Image, "true")).Expect(127).Err, StringComparison.Ordinal);
        Assert.Contains("subpath must be a relative path within the volume", (await Run(client, "run", "--rm", "--network", "none", "--mount", Part("../x"), Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        (await Run(client, "run", "--rm", "--network", "none", "--mount", Part("out"), Image, "true")).Expect(125);
    }

    [Theory, Clients]
    public async Task Prune_takes_anonymous_volumes_or_all_by_label(string client)
    {
        string one = Volume(), two = Volume(), label = "prune-" + one;
        await Ok(client, "volume", "create", "--label", label, one);
        await Ok(client, "volume", "create", "--label", label, "--label", "keep", two);
        string anonymous = await Ok(client, "volume", "create", "--label", label);
        volumes.Add(anonymous);
        Assert.Matches("^[0-9a-f]{64}$", anonymous);
        await Ok(client, "run", "--rm", "--network", "none", "-v", anonymous + ":/v", Image, "sh", "-c", "printf 12345678 >/v/f");
        Assert.Equal(["Deleted Volumes:", anonymous, "Total reclaimed space: 8B"], (await Run(client, "volume", "prune", "-f", "--filter", "label=" + label)).Ok().Lines);
        Assert.Equal(["Deleted Volumes:", one, "Total reclaimed space: 0B"], (await Run(client, "volume", "prune", "-f", "-a", "--filter", "label=" + label, "--filter", "label!=keep")).Ok().Lines);
        Assert.Equal([two], await Names(client, "--filter", "label=" + label));
        Assert.Contains(
            "WARNING! This will remove anonymous local volumes not used by at least one container.\nAre you sure you want to continue? [y/N]",
            (await RunWith(client, "n\n"u8.ToArray(), "volume", "prune")).Out,
            StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Events_and_disk_usage(string client)
    {
        string volume = Volume(), name = Name();
        string since = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        await Ok(client, "volume", "create", volume);
        string id = (await Ok(client, "create", "--name", name, "--network", "none", "-v", volume + ":/v:ro", Image, "true"));
        await Ok(client, "start", "-a", name);
        JsonNode usage = (await Api.GetAsync("system/df?type=volume"))["Volumes"]!.AsArray().Single(entry => (string)entry!["Name"]! == volume)!["UsageData"]!;
        Assert.Equal((1, 0), ((int)usage["RefCount"]!, (int)usage["Size"]!));
        await Ok(client, "rm", name);
        await Ok(client, "volume", "rm", volume);
        string until = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1).ToString(CultureInfo.InvariantCulture);
        string[] events = (await Run(client, "events", "--since", since, "--until", until, "--filter", "volume=" + volume, "--format", "{{.Type}} {{.Action}} {{json .Actor.Attributes}}")).Ok().Lines;
        Assert.Equal(
            [
                "volume create {\"driver\":\"local\"}",
                $"volume mount {{\"container\":\"{id}\",\"destination\":\"/v\",\"driver\":\"local\",\"propagation\":\"\",\"read/write\":\"false\"}}",
                $"volume unmount {{\"container\":\"{id}\",\"driver\":\"local\"}}",
                "volume destroy {\"driver\":\"local\"}",
            ],
            events);
    }

    [Theory, Clients]
    public async Task A_filesystem_is_mounted_while_it_is_used(string client)
    {
        string memory = Volume(), bound = Volume();
        await Ok(client, "volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m,uid=7,nosuid", memory);
        string name = await Idle(client, "-v", memory + ":/m");
        Assert.Equal("7 1024", await Ok(client, "exec", name, "sh", "-c", "echo shared >/m/f; echo $(stat -c %u /m) $(df -k /m | tail -n 1 | awk '{print $2}')"));
        Assert.Equal("shared", await Ok(client, "run", "--rm", "--network", "none", "-v", memory + ":/n", Image, "cat", "/n/f"));
        Assert.Equal("shared", await Ok(client, "exec", name, "cat", "/m/f"));
        await Ok(client, "stop", name);
        Assert.Equal("", await Ok(client, "run", "--rm", "--network", "none", "-v", memory + ":/n", Image, "ls", "/n"));

        (string here, string there) = Folder();
        await File.WriteAllTextAsync(Path.Combine(here, "f"), "bound\n");
        await Ok(client, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=" + there, bound);
        Assert.Equal("bound", await Ok(client, "run", "--rm", "--network", "none", "-v", bound + ":/b", Image, "cat", "/b/f"));
        await Ok(client, "volume", "rm", bound);
        Assert.True(File.Exists(Path.Combine(here, "f")));

        string broken = Volume();
        await Ok(client, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/nonexistent/x", broken);
        Assert.Contains("failed to mount local volume", (await Run(client, "run", "--rm", "--network", "none", "-v", broken + ":/b", Image, "true")).Expect(127).Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task What_cannot_be_mounted(string client)
    {
        string volume = Volume();
        string bad = $"'{volume}:/x:rshared'";
        await Unmountable(client, $"invalid volume specification: {bad}: invalid mount config for type \"volume\": field BindOptions must not be specified", "-v", volume + ":/x:rshared");
        await Unmountable(client, $"invalid volume specification: '{volume}:/': invalid mount config for type \"volume\": invalid specification: destination can't be '/'", "-v", volume + ":/");
        await Unmountable(client, "invalid mode: foo", "-v", volume + ":/x:foo");
        await Unmountable(client, "Duplicate mount point: /x", "-v", volume + ":/x", "--mount", "type=volume,target=/x");
        await Unmountable(client, "/bin/busybox is not directory", "-v", volume + ":/bin/busybox");
    }

    private async Task Unmountable(string client, string message, params string[] options)
    {
        string error = (await Run(client, ["run", "--rm", "--network", "none", .. options, Image, "true"])).Expect(125).Err;
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    private async Task Refused(string client, string message, params string[] arguments) =>
        Assert.Equal($"Error response from daemon: {message}\n", (await Run(client, ["volume", "create", .. arguments])).Expect(1).Err);

    private async Task<JsonNode> Inspect(string client, string volume) => ((JsonArray)JsonNode.Parse(await Ok(client, "volume", "inspect", volume))!)[0]!;

    private async Task<string[]> Names(string client, params string[] filters)
    {
        string names = await Ok(client, ["volume", "ls", "-q", .. filters]);
        return names.Length == 0 ? [] : names.Split('\n');
    }

    private string Volume()
    {
        string name = Name();
        volumes.Add(name);
        return name;
    }

    /// <summary>An image with a directory that has everything that a copy keeps.</summary>
    private async Task<string> ImageWithData(string client, params string[] changes)
    {
        const string make = "mkdir /data /data/sub; echo content >/data/file; ln /data/file /data/hard; ln -s file /data/link; chown 7:8 /data/file; chmod 4750 /data/file; touch -d @1600000000 /data/file; "
            + "chown 9:10 /data/sub; chmod 700 /data/sub; touch -d @1400000000 /data/sub; chown 5:6 /data; chmod 2750 /data; touch -d @1500000000 /data";
        string made = Name(), image = ImageName();
        await Ok(client, "run", "--name", made, "--network", "none", Image, "sh", "-c", make);
        await Ok(client, ["commit", .. changes, made, image]);
        return image;
    }
}
