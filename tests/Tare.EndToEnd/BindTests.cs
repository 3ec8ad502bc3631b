using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd;

/// <summary>The options of binds: what is mounted below the source, missing sources, and what contradicts itself.</summary>
public sealed class BindTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public Task What_is_mounted_below_a_source_is_read_only_or_not_or_not_there(string client) => WithNested(async there =>
    {
        const string look = "cat /x/sub/file 2>/dev/null; touch /x/top 2>/dev/null && echo top; touch /x/sub/below 2>/dev/null && echo below; true";
        Task<string> See(string options) => Ok(client, "run", "--rm", "--network", "none", "--mount", $"type=bind,source={there},target=/x{options}", Image, "sh", "-c", look);
        Assert.Equal("nested\ntop\nbelow", await See(""));
        Assert.Equal("nested", await See(",readonly"));
        Assert.Equal("nested", await See(",readonly,bind-recursive=enabled"));
        Assert.Equal("nested\nbelow", await See(",readonly,bind-recursive=writable"));
        Assert.Equal("nested", await See(",readonly,bind-recursive=readonly,bind-propagation=rprivate"));
        Assert.Equal("top\nbelow", await See(",bind-recursive=disabled"));
        Assert.Equal("", await See(",readonly,bind-recursive=disabled"));
        Assert.Equal("nested", await Ok(client, "run", "--rm", "--network", "none", "-v", there + ":/x:ro", Image, "sh", "-c", look));
    });

    [Theory, Clients]
    public Task Options_of_a_bind_are_those_of_the_container_that_it_comes_from(string client) => WithNested(async there =>
    {
        string first = Name();
        await Ok(client, "create", "--name", first, "--network", "none", "--mount", $"type=bind,source={there},target=/x,readonly,bind-recursive=writable", Image, "true");
        Assert.Equal("below", await Ok(client, "run", "--rm", "--network", "none", "--volumes-from", first, Image, "sh", "-c", "touch /x/top 2>/dev/null && echo top; touch /x/sub/below && echo below"));
        JsonNode seen = (await Api.GetAsync($"containers/{first}/json"))["HostConfig"]!["Mounts"]![0]!;
        Assert.Equal("""{"ReadOnlyNonRecursive":true}""", seen["BindOptions"]!.ToJsonString());
    });

    [Fact]
    public async Task Options_that_contradict_each_other()
    {
        await Conflict("!ReadOnly && BindOptions.ReadOnlyNonRecursive", readOnly: false, """{"ReadOnlyNonRecursive":true}""");
        await Conflict("!ReadOnly && BindOptions.ReadOnlyForceRecursive", readOnly: false, """{"ReadOnlyForceRecursive":true}""");
        await Conflict("ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive", readOnly: true, """{"ReadOnlyNonRecursive":true,"ReadOnlyForceRecursive":true}""");
    }

    [Fact]
    public async Task A_source_that_is_missing_is_made_when_that_is_said()
    {
        (string here, string there) = Folder();
        string refused = Name(), made = Name();
        Assert.Equal((400, $"invalid mount config for type \"bind\": bind source path does not exist: {there}/a/b"), await Create(refused, there + "/a/b", readOnly: false, "{}"));
        Assert.Equal((201, ""), await Create(made, there + "/a/b", readOnly: false, """{"CreateMountpoint":true}"""));
        Assert.False(Directory.Exists(here + "/a"));
        await Api.SendAsync(HttpMethod.Post, $"containers/{made}/start");
        Assert.True(Directory.Exists(here + "/a/b"));
    }

    [Theory, Clients]
    public async Task A_part_of_a_volume_without_a_name(string client) => Assert.Contains(
        "invalid mount config for type \"volume\": must not set Subpath when using anonymous volumes",
        (await Run(client, "run", "--rm", "--network", "none", "--mount", "type=volume,target=/x,volume-subpath=a", Image, "true")).Expect(125).Err,
        StringComparison.Ordinal);

    [TareTheory, Clients]
    public async Task A_source_may_be_given_to_the_containers_user(string client)
    {
        (string here, string there) = Folder();
        Directory.CreateDirectory(here + "/sub");
        await File.WriteAllTextAsync(here + "/sub/file", "");
        File.CreateSymbolicLink(here + "/link", "/etc/passwd");
        const string look = "stat -c %u:%g /x /x/sub /x/sub/file /x/link; echo own >/x/sub/mine && stat -c %u:%g /x/sub/mine";
        Assert.Equal(Enumerable.Repeat("7:8", 5), (await Run(client, "run", "--rm", "--network", "none", "-u", "7:8", "-v", there + ":/x:U", Image, "sh", "-c", look)).Ok().Lines);
        Assert.Equal("0", (await Running.RunAsync("stat", ["-c", "%u", "/etc/passwd"])).Ok().Text);
        // Nobody asks: they stay as they are.
        Assert.Equal("7:8", await Ok(client, "run", "--rm", "--network", "none", "-u", "9", "-v", there + ":/x", Image, "stat", "-c", "%u:%g", "/x"));

        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", "-u", "9:9", "-v", there + ":/x:ro,U", Image, "sh", "-c", "stat -c %u:%g /x; touch /x/y 2>/dev/null || echo refused");
        Assert.Equal("ro,U", await Ok(client, "inspect", "-f", "{{range .Mounts}}{{.Mode}}{{end}}", name));
        Assert.Equal("7:8", (await Running.RunAsync("stat", ["-c", "%u:%g", here])).Ok().Text);
        Assert.Equal("9:9\nrefused", await Ok(client, "start", "-a", name));
        Assert.Contains("would take /usr/lib away from the system", (await Run(client, "run", "--rm", "--network", "none", "-u", "7", "-v", "/usr/lib:/x:U", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        Assert.Contains("invalid mode: U,U", (await Run(client, "run", "--rm", "--network", "none", "-v", there + ":/x:U,U", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
    }

    [TareTheory, Clients]
    public async Task A_volume_may_be_given_to_the_containers_user(string client)
    {
        string volume = Name();
        try
        {
            await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/v", Image, "sh", "-c", "mkdir /v/sub; touch /v/sub/file");
            Assert.Equal("7:0\n7:0", await Ok(client, "run", "--rm", "--network", "none", "-u", "7", "-v", volume + ":/v:U", Image, "stat", "-c", "%u:%g", "/v", "/v/sub/file"));
        }
        finally
        {
            await Api.SendAsync(HttpMethod.Delete, "volumes/" + volume);
        }
    }

    [TareFact]
    public async Task A_mount_option_may_give_it_too()
    {
        (_, string there) = Folder();
        Assert.Equal("7:8", await Ok("tare", "run", "--rm", "--network", "none", "-u", "7:8", "--mount", $"type=bind,source={there},target=/x,U=true", Image, "stat", "-c", "%u:%g", "/x"));
        Assert.Equal("7:8", await Ok("tare", "run", "--rm", "--network", "none", "-u", "9:9", "--mount", $"type=bind,source={there},target=/x,chown=false", Image, "stat", "-c", "%u:%g", "/x"));
        Assert.Equal("9:9", await Ok("tare", "run", "--rm", "--network", "none", "-u", "9:9", "--mount", $"type=bind,source={there},target=/x,chown", Image, "stat", "-c", "%u:%g", "/x"));
    }

    [TareTheory, Clients]
    public async Task The_ids_of_a_source_may_be_mapped(string client)
    {
        (string here, string there) = Folder();
        await File.WriteAllTextAsync(here + "/file", "");
        (await Running.RunAsync("chown", ["-R", "4000:5000", here])).Ok();
        const string look = "stat -c %u:%g /x /x/file; touch /x/new";
        Assert.Equal(["0:0", "0:0"], (await Run(client, "run", "--rm", "--network", "none", "-v", there + ":/x:idmap=uids=4000-0-1;gids=5000-0-1", Image, "sh", "-c", look)).Ok().Lines);
        Assert.Equal("4000:5000", (await Running.RunAsync("stat", ["-c", "%u:%g", here + "/new"])).Ok().Text);
        // Groups that nothing is said of stay as they are.
        Assert.Equal("7:5000", await Ok(client, "run", "--rm", "--network", "none", "-u", "7:5000", "-v", there + ":/x:ro,idmap=uids=1-1-5#4000-7-1", Image, "stat", "-c", "%u:%g", "/x/new"));
        Assert.Contains("idmap needs to be told which ids are which", (await Run(client, "run", "--rm", "--network", "none", "-v", there + ":/x:idmap", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        Assert.Contains("two ranges of", (await Run(client, "run", "--rm", "--network", "none", "-v", there + ":/x:idmap=uids=0-0-5#1-9-1", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        Assert.Contains("has no id-mapped mounts", (await Run(client, "run", "--rm", "--network", "none", "-v", "/sys/kernel:/x:idmap=uids=0-1-1", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
    }

    [TareTheory, Clients]
    public async Task The_ids_of_a_volume_may_be_mapped(string client)
    {
        string volume = Name(), name = Name();
        try
        {
            await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/v", Image, "sh", "-c", "touch /v/file");
            await Ok(client, "create", "--name", name, "--network", "none", "-v", volume + ":/v:idmap=uids=0-33-1", Image, "stat", "-c", "%u:%g", "/v/file");
            Assert.Equal("33:0", await Ok(client, "start", "-a", name));
            Assert.Equal("33:0", await Ok(client, "run", "--rm", "--network", "none", "--volumes-from", name, Image, "stat", "-c", "%u:%g", "/v/file"));
            Assert.Equal("0:0", await Ok(client, "run", "--rm", "--network", "none", "-v", volume + ":/v", Image, "stat", "-c", "%u:%g", "/v/file"));
        }
        finally
        {
            await Api.SendAsync(HttpMethod.Delete, $"containers/{name}?force=1");
            await Api.SendAsync(HttpMethod.Delete, "volumes/" + volume);
        }
    }

    [TareFact]
    public async Task A_mount_option_may_map_them_too()
    {
        (_, string there) = Folder();
        string mount = $"type=bind,source={there},target=/x";
        Assert.Equal("7:8", await Ok("tare", "run", "--rm", "--network", "none", "--mount", mount + ",idmap=uids=0-7-1;gids=0-8-1", Image, "stat", "-c", "%u:%g", "/x"));
        Assert.Contains("idmap needs to be told which ids are which", (await Run("tare", "run", "--rm", "--network", "none", "--mount", mount + ",idmap", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        Assert.Contains("conflicting options", (await Run("tare", "run", "--rm", "--network", "none", "--mount", mount + ",U,idmap=uids=0-7-1", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
    }

    /// <summary>A folder with a filesystem of its own in <c>sub</c>, mounted on the engine's host.</summary>
    private async Task WithNested(Func<string, Task> look)
    {
        (string here, string there) = Folder();
        Directory.CreateDirectory(here + "/sub");
        await EngineHost.OkAsync("mount", "-t", "tmpfs", "tmpfs", there + "/sub");
        try
        {
            await EngineHost.OkAsync("sh", "-c", "echo nested >$1/sub/file", "sh", there);
            await look(there);
        }
        finally
        {
            await EngineHost.OkAsync("umount", there + "/sub");
        }
    }

    /// <summary>Docker refuses such a container when it is started.</summary>
    private async Task Conflict(string which, bool readOnly, string options)
    {
        (_, string there) = Folder();
        string name = Name();
        (int status, string message) = await Create(name, there, readOnly, options);
        if (status == 201) message = Message((await Api.SendAsync(HttpMethod.Post, $"containers/{name}/start")).Body);
        Assert.Equal("mount options conflict: " + which, message);
    }

    private async Task<(int Status, string Message)> Create(string name, string source, bool readOnly, string options)
    {
        JsonObject mount = new() { ["Type"] = "bind", ["Source"] = source, ["Target"] = "/x", ["ReadOnly"] = readOnly, ["BindOptions"] = JsonNode.Parse(options) };
        JsonObject request = new()
        {
            ["Image"] = Image,
            ["Cmd"] = new JsonArray("true"),
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = "none", ["Mounts"] = new JsonArray(mount) },
        };
        (int status, string body) = await Api.SendAsync(HttpMethod.Post, "containers/create?name=" + name, request.ToJsonString());
        return (status, status == 201 ? "" : Message(body));
    }

    private static string Message(string body) => (string)JsonNode.Parse(body)!["message"]!;
}
