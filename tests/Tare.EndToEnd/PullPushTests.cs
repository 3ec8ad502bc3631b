using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>pull and push with the distribution's registry.</summary>
public sealed class PullPushTests(EngineFixture engine, RegistryFixture registries) : PullPushCases(engine, registries), IClassFixture<RegistryFixture>;

/// <summary>The same with our own.</summary>
public sealed class OwnRegistryPullPushTests(EngineFixture engine, OwnRegistryFixture registries) : PullPushCases(engine, registries), IClassFixture<OwnRegistryFixture>;

/// <summary>pull and push, what both show, and manifest inspect.</summary>
public abstract partial class PullPushCases(EngineFixture engine, RegistryFixture registries) : RegistryTests(engine, registries)
{
    [Theory, Clients]
    public async Task Push_and_pull_of_a_tag(string client)
    {
        string image = await Named(Registry);
        string repository = image[..image.LastIndexOf(':')];
        Result push = (await RunOwn(client, "push", image)).Ok();
        Assert.Matches($@"^The push refers to repository \[{Regex.Escape(repository)}\]\n([0-9a-f]{{12}}: (Preparing|Pushed|Layer already exists|Mounted from .*)\n)+v1: digest: sha256:[0-9a-f]{{64}} size: \d+\n$", push.Out);
        string digest = DigestPattern().Match(push.Out).Value;
        Result again = (await RunOwn(client, "push", image)).Ok();
        Assert.Contains(": Layer already exists\n", again.Out, StringComparison.Ordinal);
        Assert.Contains($"v1: digest: {digest} size: ", again.Out, StringComparison.Ordinal);

        Assert.Equal($"v1: Pulling from {repository[(Registry.Host.Length + 1)..]}\nDigest: {digest}\nStatus: Image is up to date for {image}\n{image}\n", (await RunOwn(client, "pull", image)).Ok().Out);
        (await RunOwn(client, "rmi", image)).Ok();
        Assert.EndsWith($"Digest: {digest}\nStatus: Downloaded newer image for {image}\n{image}\n", (await RunOwn(client, "pull", image)).Ok().Out, StringComparison.Ordinal);
        Assert.Equal("pulled", (await RunOwn(client, "run", "--rm", "--network", "none", image, "echo", "pulled")).Ok().Text);
        Assert.Equal($"{repository}@{digest}", (await RunOwn(client, "image", "inspect", "-f", "{{index .RepoDigests 0}}", image)).Ok().Text);
    }

    [Theory, Clients]
    public async Task Without_a_tag_it_is_the_latest_and_quiet_prints_the_name_alone(string client)
    {
        string image = await Named(Registry, "latest");
        string repository = image[..image.LastIndexOf(':')];
        Result push = (await RunOwn(client, "push", repository)).Ok();
        Assert.StartsWith($"Using default tag: latest\nThe push refers to repository [{repository}]\n", push.Out, StringComparison.Ordinal);
        Assert.Equal(image + "\n", (await RunOwn(client, "push", "-q", repository)).Ok().Out);
        Assert.StartsWith("Using default tag: latest\nlatest: Pulling from ", (await RunOwn(client, "pull", repository)).Ok().Out, StringComparison.Ordinal);
        Assert.Equal(image + "\n", (await RunOwn(client, "image", "pull", "-q", repository)).Ok().Out);
    }

    [Theory, Clients]
    public async Task By_digest(string client)
    {
        string image = await Named(Registry);
        string repository = image[..image.LastIndexOf(':')];
        string digest = DigestPattern().Match((await RunOwn(client, "push", image)).Ok().Out).Value;
        (await RunOwn(client, "rmi", image)).Ok();
        string name = $"{repository}@{digest}";
        Assert.EndsWith($"Status: Downloaded newer image for {name}\n{name}\n", (await RunOwn(client, "pull", name)).Ok().Out, StringComparison.Ordinal);
        (await RunOwn(client, "rmi", name)).Ok();
    }

    [Theory, Clients]
    public async Task All_tags(string client)
    {
        string one = await Named(Registry, "one");
        string repository = one[..one.LastIndexOf(':')];
        (await RunOwn(client, "tag", one, repository + ":two")).Ok();
        Result push = (await RunOwn(client, "push", "-a", repository)).Ok();
        Assert.Matches(@"\none: digest: sha256:[0-9a-f]{64} size: \d+\n(.*\n)*two: digest: ", push.Out);
        (await RunOwn(client, "rmi", one, repository + ":two")).Ok();
        Result pull = (await RunOwn(client, "pull", "-a", repository)).Ok();
        Assert.Contains("one: Pulling from ", pull.Out, StringComparison.Ordinal);
        Assert.Contains("two: Pulling from ", pull.Out, StringComparison.Ordinal);
        Assert.EndsWith($"Status: Downloaded newer image for {repository}\n{repository}\n", pull.Out, StringComparison.Ordinal);
        (await RunOwn(client, "image", "inspect", repository + ":two")).Ok();
        foreach (string verb in new[] { "pull", "push" })
            Assert.Equal("tag can't be used with --all-tags/-a\n", (await RunOwn(client, verb, "-a", one)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task A_registry_with_users_wants_a_login(string client)
    {
        string image = await Named(Guarded);
        Result push = (await RunOwn(client, "push", image)).Expect(1);
        Assert.Equal("no basic auth credentials\n", push.Err);
        await LoginAsync(client);
        (await RunOwn(client, "push", image)).Ok();
        Assert.Equal(200, (await Guarded.SendAsync($"/v2/{image[(Guarded.Host.Length + 1)..image.LastIndexOf(':')]}/manifests/v1")).Status);
        (await RunOwn(client, "rmi", image)).Ok();
        (await RunOwn(client, "pull", image)).Ok();
        (await RunOwn(client, "logout", Guarded.Host)).Ok();
        Result pull = (await RunOwn(client, "pull", image)).Expect(1);
        Assert.Equal("", pull.Out);
        Assert.EndsWith("no basic auth credentials\n", pull.Err, StringComparison.Ordinal);
    }

    [Theory]
    [ClientsWith("pull", "nosuch:v1", "Error response from daemon: manifest for HOST/nosuch:v1 not found: manifest unknown: manifest unknown")]
    [ClientsWith("pull", "nosuch@sha256:0000000000000000000000000000000000000000000000000000000000000000", "Error response from daemon: manifest for HOST/nosuch@sha256:0000000000000000000000000000000000000000000000000000000000000000 not found: manifest unknown: manifest unknown")]
    [ClientsWith("push", "nosuch:v1", "An image does not exist locally with the tag: HOST/nosuch")]
    [ClientsWith("push", "a@sha256:0000000000000000000000000000000000000000000000000000000000000000", "cannot push a digest reference")]
    [ClientsWith("pull", "Bad:v1", "invalid reference format: repository name (Bad) must be lowercase")]
    public async Task What_is_not_there(string client, string verb, string name, string message)
    {
        Result result = (await RunOwn(client, verb, $"{Registry.Host}/{name}")).Expect(1);
        Assert.Equal(message.Replace("HOST", Registry.Host, StringComparison.Ordinal) + "\n", result.Err);
    }

    [Theory, Clients]
    public async Task Names_that_cannot_be_pulled(string client)
    {
        Assert.Equal("Error response from daemon: 'scratch' is a reserved name\n", (await RunOwn(client, "pull", "scratch")).Expect(1).Err);
        Assert.Equal("Error response from daemon: \"a/b/c/d\": cannot parse platform specifier: invalid argument\n", (await RunOwn(client, "pull", "--platform", "a/b/c/d", $"{Registry.Host}/x:y")).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task Run_and_create_fetch_what_is_missing(string client)
    {
        string image = await Named(Registry);
        (await RunOwn(client, "push", "-q", image)).Ok();
        (await RunOwn(client, "rmi", image)).Ok();
        Result run = (await RunOwn(client, "run", "--rm", "--network", "none", image, "echo", "here")).Ok();
        Assert.Equal("here\n", run.Out);
        Assert.StartsWith($"Unable to find image '{image}' locally\nv1: Pulling from ", run.Err, StringComparison.Ordinal);
        Assert.EndsWith($"Status: Downloaded newer image for {image}\n", run.Err, StringComparison.Ordinal);
        (await RunOwn(client, "rmi", image)).Ok();
        Assert.Equal(("here\n", ""), await Streams("run", "--rm", "-q", "--network", "none", image, "echo", "here"));
        Result always = (await RunOwn(client, "run", "--rm", "--pull", "always", "--network", "none", image, "true")).Ok();
        Assert.EndsWith($"Status: Image is up to date for {image}\n", always.Err, StringComparison.Ordinal);
        string missing = $"{Registry.Host}/nosuch:v1";
        Assert.Equal(
            $"Unable to find image '{missing}' locally\ndocker: Error response from daemon: manifest for {missing} not found: manifest unknown: manifest unknown\n\nRun 'docker run --help' for more information\n",
            (await RunOwn(client, "run", "--network", "none", missing)).Expect(125).Err.Replace("tare", "docker", StringComparison.Ordinal));
        Assert.Equal($"Error response from daemon: No such image: {missing}\n", (await RunOwn(client, "create", "--pull", "never", "--network", "none", missing)).Expect(1).Err);

        async Task<(string Out, string Err)> Streams(params string[] arguments)
        {
            Result result = (await RunOwn(client, arguments)).Ok();
            return (result.Out, result.Err);
        }
    }

    [Theory, Clients]
    public async Task On_a_terminal_each_layer_has_a_line(string client)
    {
        string image = await Named(Registry);
        using Terminal terminal = Terminal.Start(Program(client), ["push", image], 30, 150, OwnEnvironment);
        Assert.Equal(0, await terminal.EndAsync());
        Assert.Matches(@"\r\n\e\[1A\e\[2K\r[0-9a-f]{12}: Preparing \r\e\[1B", terminal.Screen);
        Assert.Matches(@"\e\[1A\e\[2K\r[0-9a-f]{12}: (Pushed|Layer already exists|Mounted from .*) \r\e\[1B", terminal.Screen);
    }

    [Theory, Clients]
    public async Task Manifest_inspect_asks_the_registry(string client)
    {
        string image = await Named(Registry);
        string digest = DigestPattern().Match((await RunOwn(client, "push", image)).Ok().Out).Value;
        JsonNode plain = JsonNode.Parse((await RunOwn(client, "manifest", "inspect", "--insecure", image)).Ok().Out)!;
        Assert.Equal(2, (int)plain["schemaVersion"]!);
        JsonNode verbose = JsonNode.Parse((await RunOwn(client, "manifest", "inspect", "--insecure", "-v", image)).Ok().Out)!;
        Assert.Equal((image, digest, "linux"), ((string)verbose["Ref"]!, (string)verbose["Descriptor"]!["digest"]!, (string)verbose["Descriptor"]!["platform"]!["os"]!));
        Assert.Equal($"no such manifest: {Registry.Host}/nosuch:v1\n", (await RunOwn(client, "manifest", "inspect", "--insecure", $"{Registry.Host}/nosuch:v1")).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task A_list_of_manifests_is_put_together_annotated_and_pushed(string client)
    {
        if (OldClient.Is(client))
            return;
        string one = await Named(Registry, "one"), other = await Named(Registry, "other");
        await PushAsync(client, one, other);
        string repository = one[..one.LastIndexOf(':')], list = repository + ":list";
        string digest = (await RunOwn(client, "image", "inspect", "-f", "{{index .RepoDigests 0}}", one)).Ok().Text.Split('@')[1];
        Assert.Equal($"No such manifest: {list}\n", (await RunOwn(client, "manifest", "push", "--insecure", list)).Expect(1).Err);
        Assert.Equal($"no such manifest: {repository}:none\n", (await RunOwn(client, "manifest", "create", "--insecure", list, repository + ":none")).Expect(1).Err);
        Assert.Equal($"Created manifest list {list}\n", (await RunOwn(client, "manifest", "create", "--insecure", list, one)).Ok().Out);
        Assert.Equal("refusing to amend an existing manifest list with no --amend flag\n", (await RunOwn(client, "manifest", "create", "--insecure", list, other)).Expect(1).Err);
        (await RunOwn(client, "manifest", "create", "--insecure", "--amend", list, other)).Ok();
        Assert.Equal($"manifest for image {repository}:none does not exist in {list}\n", (await RunOwn(client, "manifest", "annotate", "--arch", "s390x", list, repository + ":none")).Expect(1).Err);
        Assert.Equal("manifest entry for image has unsupported os/arch combination: linux/vax\n", (await RunOwn(client, "manifest", "annotate", "--os", "linux", "--arch", "vax", list, other)).Expect(1).Err);
        Assert.Equal("", (await RunOwn(client, "manifest", "annotate", "--arch", "arm", "--variant", "v7", "--os-version", "1", "--os-features", "a,b", list, other)).Ok().Out);

        // What one client has begun the other goes on with.
        string kept = (await RunOwn(client, "manifest", "inspect", list)).Ok().Out;
        foreach (string reader in Setup.Clients.Where(reader => !OldClient.Is(reader)))
        {
            Assert.Equal(kept, (await RunOwn(reader, "manifest", "inspect", list)).Ok().Out);
            Assert.Equal((await RunOwn(client, "manifest", "inspect", "-v", list, other)).Ok().Out, (await RunOwn(reader, "manifest", "inspect", "-v", list, other)).Ok().Out);
        }
        JsonArray manifests = (JsonArray)JsonNode.Parse(kept)!["manifests"]!;
        Assert.Equal([$"{ImageArchive.HostArchitecture} ", "arm v7"], manifests.Select(manifest => $"{manifest!["platform"]!["architecture"]} {manifest["platform"]!["variant"]}").OrderBy(text => text != $"{ImageArchive.HostArchitecture} "));

        Result push = (await RunOwn(client, "manifest", "push", "--insecure", "--purge", list)).Ok();
        Assert.Matches($@"^Pushed ref {Regex.Escape(repository)}@{digest} with digest: {digest}\nsha256:[0-9a-f]{{64}}\n$", push.Out);
        Assert.Equal($"No such manifest: {list}\n", (await RunOwn(client, "manifest", "rm", list)).Expect(1).Err);
        Assert.Equal(manifests.ToJsonString(), JsonNode.Parse((await RunOwn(client, "manifest", "inspect", "--insecure", list)).Ok().Out)!["manifests"]!.ToJsonString());
        (await RunOwn(client, "rmi", one, other)).Ok();
        Assert.Contains($"Digest: {push.Lines[^1]}\n", (await RunOwn(client, "pull", list)).Ok().Out, StringComparison.Ordinal);
        (await RunOwn(client, "rmi", list)).Ok();
    }

    [Theory, Clients]
    public async Task A_list_of_manifests_is_forgotten(string client)
    {
        if (OldClient.Is(client))
            return;
        string one = await Named(Registry, "one");
        await PushAsync(client, one);
        string[] lists = [one[..one.LastIndexOf(':')] + ":a", one[..one.LastIndexOf(':')] + ":b"];
        foreach (string list in lists)
            (await RunOwn(client, "manifest", "create", "--insecure", list, one)).Ok();
        Assert.Equal("", (await RunOwn(client, ["manifest", "rm", .. lists])).Ok().Out);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Config, "manifests")));
        Assert.Equal($"No such manifest: {lists[0]}\nNo such manifest: {lists[1]}\n", (await RunOwn(client, ["manifest", "rm", .. lists])).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task The_API_tells_what_a_registry_has(string client)
    {
        string image = await Named(Registry);
        string digest = DigestPattern().Match((await RunOwn(client, "push", image)).Ok().Out).Value;
        JsonNode found = await Api.GetAsync($"distribution/{image}/json");
        Assert.Equal(digest, (string)found["Descriptor"]!["digest"]!);
        Assert.Equal("linux", (string)found["Platforms"]![0]!["os"]!);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Get, $"distribution/{Registry.Host}/nosuch:v1/json")).Status);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Post, $"images/create?fromImage={Registry.Host}/nosuch&tag=v1")).Status);
    }

    private async Task PushAsync(string client, params string[] images)
    {
        foreach (string image in images)
            (await RunOwn(client, "push", "-q", image)).Ok();
    }

    [GeneratedRegex("sha256:[0-9a-f]{64}")]
    private static partial Regex DigestPattern();
}
