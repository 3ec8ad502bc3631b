using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>events: what is told of a container's life, filters, and looking back.</summary>
public sealed class EventsTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task A_life_is_told_in_order(string client)
    {
        string name = Name();
        string other = Name();
        using Listener events = Listen(client, "--filter", "type=container", "--filter", "label=case=" + name);
        await Ok(client, "create", "--name", name, "--label", "case=" + name, "--network", "none", Image, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        await Ok(client, "start", name);
        await Ok(client, "exec", name, "true");
        await events.SeeAsync("exec_die");
        await Ok(client, "pause", name);
        await Ok(client, "unpause", name);
        await Ok(client, "rename", name, other);
        await Ok(client, "restart", other);
        await Ok(client, "kill", "-s", "HUP", other);
        await Ok(client, "stop", other);
        await Ok(client, "rm", other);
        await events.SeeAsync("destroy");
        string[] actions = events.Actions().Where(action => action is not "kill" and not "die" and not "stop").ToArray();
        Assert.Equal(["create", "start", "exec_create: true ", "exec_start: true ", "exec_die", "pause", "unpause", "rename", "start", "restart", "destroy"], actions);
        string[] ends = events.Actions().Where(action => action is "kill" or "die" or "stop").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(["die", "die", "kill", "kill", "kill", "stop", "stop"], ends);
        Assert.Equal(["15", "1", "15"], events.Of("kill").Select(e => (string)e["Actor"]!["Attributes"]!["signal"]!));
        Assert.All(events.Of("die"), e => Assert.Equal("0", (string)e["Actor"]!["Attributes"]!["exitCode"]!));
        JsonNode rename = Assert.Single(events.Of("rename"));
        Assert.Equal("/" + name, (string)rename["Actor"]!["Attributes"]!["oldName"]!);
        JsonNode create = Assert.Single(events.Of("create"));
        Assert.Equal("container", (string)create["Type"]!);
        Assert.Equal("local", (string)create["scope"]!);
        Assert.Equal(name, (string)create["Actor"]!["Attributes"]!["name"]!);
        Assert.Equal(Image, (string)create["Actor"]!["Attributes"]!["image"]!);
        Assert.Equal((long)create["time"]!, (long)create["timeNano"]! / 1_000_000_000);
    }

    [Theory, Clients]
    public async Task Looking_back_ends_by_itself(string client)
    {
        string name = Name();
        string id = await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", "exit 3");
        await Ok(client, "wait", name);
        await Eventually.EqualAsync(true, async () => (await Past(client, name)).Contains("die", StringComparison.Ordinal));
        string[] lines = (await Past(client, name)).Split('\n');
        Assert.Equal(["create", "start", "die"], lines.Select(line => line.Split(' ')[0]));
        Assert.All(lines, line => Assert.EndsWith(id, line, StringComparison.Ordinal));
    }

    [Theory, Clients]
    public async Task The_plain_line_names_type_action_id_and_attributes(string client)
    {
        string name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", "--label", "z=1", Image);
        // The stock client rounds "until now" down to the second.
        string line = "";
        await Eventually.EqualAsync(true, async () => (line = await Ok(client, "events", "--since", "1m", "--until", "0s", "--filter", "container=" + name)).Length > 0);
        Assert.Matches($@"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{9}}\S+ container create {id} \(image={Image}, name={name}, z=1\)$", line);
    }

    [Theory, Clients]
    public async Task Images_are_told_of(string client)
    {
        string image = ImageName();
        using Listener events = Listen(client, "--filter", "type=image");
        byte[] tar = new TarMaker().File("file", "x"u8.ToArray()).End();
        (await RunWith(client, tar, "import", "-", image)).Ok();
        await Ok(client, "rmi", image);
        await events.SeeAsync("delete");
        Assert.Equal(["import", "untag", "delete"], events.Actions().Where(action => action is "import" or "untag" or "delete"));
    }

    private async Task<string> Past(string client, string name) =>
        await Ok(client, "events", "--since", "1m", "--until", "0s", "--filter", "container=" + name, "--filter", "type=container", "--format", "{{.Action}} {{.Actor.ID}}");

    private Listener Listen(string client, params string[] filters)
    {
        // --since shows what happened between the command's start and the engine's answer to it.
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string since = $"{now.ToUnixTimeSeconds()}.{now.Nanosecond + now.Microsecond * 1000 + now.Millisecond * 1_000_000:D9}";
        Running running = Start(client, ["events", "--since", since, "--format", "{{json .}}", .. filters]);
        return new Listener(running);
    }

    private sealed class Listener(Running running) : IDisposable
    {
        public Task SeeAsync(string action) =>
            Eventually.TrueAsync(() => Actions().Contains(action), () => $"no {action} among:\n{running.Out}\n{running.Err}", stop: () => running.HasExited);

        public string[] Actions() => Events().Select(e => (string)e["Action"]!).ToArray();

        public JsonNode[] Of(string action) => Events().Where(e => (string)e["Action"]! == action).ToArray();

        public void Dispose() => running.Dispose();

        private JsonNode[] Events()
        {
            string text = running.Out;
            return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToArray();
        }
    }
}
