using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>commit: what a container has changed becomes a layer; its configuration, the options, and the events. diff.</summary>
public sealed class CommitTests(EngineFixture engine) : EngineTests(engine)
{
    private const string Change = "echo new >/etc/conf; rm /etc/group; mkdir /made; echo one >/made/file; ln /made/file /made/hard; ln -s file /made/link; "
        + "mkfifo /made/pipe; mknod /made/null c 1 3; chown 7:8 /made/file; chmod 4750 /made/file; touch -d @1600000000 /made/file";

    [Theory, Clients]
    public async Task A_commit_keeps_every_change(string client)
    {
        string name = Name(), image = ImageName();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", Change);
        string id = await Ok(client, "commit", name, image);
        Assert.Matches("^sha256:[0-9a-f]{64}$", id);
        Assert.Equal(id, await Ok(client, "image", "inspect", "-f", "{{.Id}}", image + ":latest"));
        const string look = "cat /etc/conf; ls /etc/group 2>/dev/null; cat /made/hard; readlink /made/link; stat -c '%A %u:%g %h %Y' /made/file; stat -c '%F' /made/pipe; stat -c '%t:%T' /made/null; ls /etc/passwd";
        Assert.Equal(
            ["new", "one", "file", "-rwsr-x--- 7:8 2 1600000000", "fifo", "1:3", "/etc/passwd"],
            (await Run(client, "run", "--rm", "--network", "none", image, "sh", "-c", look)).Ok().Lines);
    }

    [Theory, Clients]
    public async Task A_directory_that_was_made_anew_hides_what_was_in_it(string client)
    {
        string name = Name(), image = ImageName(), other = Name(), again = ImageName();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "mkdir /d /d/sub; echo 1 >/d/one; echo 2 >/d/two");
        await Ok(client, "commit", name, image);
        await Ok(client, "run", "--name", other, "--network", "none", image, "sh", "-c", "rm -r /d; mkdir /d; echo 3 >/d/three");
        await Ok(client, "commit", other, again);
        Assert.Equal(["three"], (await Run(client, "run", "--rm", "--network", "none", again, "ls", "/d")).Ok().Lines);
    }

    [Theory, Clients]
    public async Task Configuration_author_message_and_history(string client)
    {
        string name = Name(), image = ImageName();
        await Ok(client, "create", "--name", name, "--network", "none", "-e", "X=y", "-w", "/tmp", "-u", "5", "--label", "a=b", Image, "sh", "-c", "true");
        await Ok(client, "commit", "-a", "Jo <jo@example.com>", "-m", "a message", "-c", "CMD [\"ls\"]", "--change", "EXPOSE 80", "-c", "LABEL c=d", name, image + ":v1");
        JsonNode seen = ((JsonArray)JsonNode.Parse(await Ok(client, "image", "inspect", image + ":v1"))!)[0]!;
        Assert.Equal(("Jo <jo@example.com>", "a message"), ((string)seen["Author"]!, (string)seen["Comment"]!));
        Assert.Equal(await Ok(client, "image", "inspect", "-f", "{{.Id}}", Image), (string)seen["Parent"]!);
        JsonNode config = seen["Config"]!;
        Assert.Equal(["ls"], ((JsonArray)config["Cmd"]!).Select(word => (string)word!));
        Assert.Equal(["X=y", "PATH=/bin"], ((JsonArray)config["Env"]!).Select(entry => (string)entry!));
        Assert.Equal(("/tmp", "5", "b", "d"), ((string)config["WorkingDir"]!, (string)config["User"]!, (string)config["Labels"]!["a"]!, (string)config["Labels"]!["c"]!));
        Assert.NotNull(config["ExposedPorts"]!["80/tcp"]);
        string[] steps = (await Ok(client, "history", "--format", "{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}", image + ":v1")).Split('\n');
        Assert.Equal($"{((string)seen["Id"]!)["sha256:".Length..][..12]}|sh -c true|0B|a message", steps[0]);
        // A container that has changed nothing adds no layer.
        Assert.Equal(await Ok(client, "image", "inspect", "-f", "{{.RootFS.Layers}}", Image), await Ok(client, "image", "inspect", "-f", "{{.RootFS.Layers}}", image + ":v1"));
    }

    [Theory, Clients]
    public async Task A_new_entrypoint_takes_the_command_away_unless_it_is_given_too(string client)
    {
        string name = Name(), image = ImageName();
        await Ok(client, "create", "--name", name, "--network", "none", Image, "sh", "-c", "true");
        await Ok(client, "commit", "-c", "ENTRYPOINT [\"/x\"]", name, image + ":alone");
        Assert.Equal("[/x] []", await Ok(client, "image", "inspect", "-f", "{{.Config.Entrypoint}} {{.Config.Cmd}}", image + ":alone"));
        await Ok(client, "commit", "-c", "CMD [\"y\"]", "-c", "ENTRYPOINT [\"/x\"]", name, image + ":both");
        Assert.Equal("[/x] [y]", await Ok(client, "image", "inspect", "-f", "{{.Config.Entrypoint}} {{.Config.Cmd}}", image + ":both"));
    }

    [Theory, Clients]
    public async Task A_running_container_is_frozen_meanwhile_and_goes_on(string client)
    {
        string name = await Idle(client), image = ImageName();
        string since = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        await Ok(client, "exec", name, "sh", "-c", "echo live >/live");
        string id = await Ok(client, "commit", name, image);
        Assert.Equal("running", await Api.StatusAsync(name));
        Assert.Equal("live", await Ok(client, "run", "--rm", "--network", "none", image, "cat", "/live"));
        await Ok(client, "commit", "--pause=false", "-m", "unfrozen", name, image);
        string[] events = (await Ok(client, "events", "--since", since, "--until", Later(), "--filter", "container=" + name, "--format", "{{.Action}} {{.Actor.Attributes.imageRef}} {{.Actor.Attributes.comment}}")).Split('\n');
        string[] told = events.Where(line => line.Split(' ')[0] is "pause" or "unpause" or "commit").Select(line => line.TrimEnd()).ToArray();
        Assert.Equal(["pause", $"commit {image}:latest", "unpause", $"commit {image}:latest unfrozen"], told.Select(line => line.Replace(" <no value>", "", StringComparison.Ordinal)));
        Assert.Contains(id, await Ok(client, "events", "--since", since, "--until", Later(), "--filter", "container=" + name, "--filter", "event=commit", "--format", "{{.Actor.Attributes.imageID}}"), StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task A_frozen_container_stays_frozen(string client)
    {
        string name = await Idle(client), image = ImageName();
        await Ok(client, "pause", name);
        await Ok(client, "commit", name, image);
        Assert.Equal("paused", await Api.StatusAsync(name));
        await Ok(client, "unpause", name);
    }

    [Theory, Clients]
    public async Task What_is_mounted_is_not_committed(string client)
    {
        (string here, string there) = Folder();
        await File.WriteAllTextAsync(Path.Combine(here, "f"), "in");
        string name = Name(), image = ImageName();
        await Ok(client, "run", "--name", name, "--network", "none", "-v", there + ":/mounted/here", "--tmpfs", "/temporary", Image, "sh", "-c", "cat /mounted/here/f; echo x >/temporary/x");
        await Ok(client, "commit", name, image);
        Assert.Equal("/mounted\n/mounted/here\n/temporary", await Ok(client, "run", "--rm", "--network", "none", image, "find", "/mounted", "/temporary"));
    }

    [Theory, Clients]
    public async Task What_cannot_be_committed(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        Assert.Equal("Error response from daemon: No such container: nosuch\n", (await Run(client, "commit", "nosuch")).Expect(1).Err);
        Assert.Equal("Error response from daemon: FROM is not a valid change command\n", (await Run(client, "commit", "-c", "FROM x", name)).Expect(1).Err);
        Assert.Equal("invalid reference format: repository name (library/UPPER) must be lowercase\n", (await Run(client, "commit", name, "UPPER")).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task Diff_tells_what_was_added_changed_and_deleted(string client)
    {
        string name = Name();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "echo more >>/etc/passwd; rm /etc/group; mkdir /made; echo x >/made/file");
        string[] changes = (await Run(client, "diff", name)).Ok().Lines;
        Assert.Equal(["A /made", "A /made/file", "C /etc", "C /etc/passwd", "D /etc/group"], changes.Order(StringComparer.Ordinal));
        Assert.Equal("Error response from daemon: No such container: nosuch\n", (await Run(client, "diff", "nosuch")).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task A_container_that_has_changed_nothing_has_no_diff(string client)
    {
        string name = Name();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "cat", "/etc/passwd");
        Assert.Equal("", (await Run(client, "diff", name)).Ok().Out);
    }

    private static string Later() => (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
