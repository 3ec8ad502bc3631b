using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>One name for several platforms. A reference engine with Docker's older image store keeps only one of them.</summary>
public sealed partial class PlatformTests(EngineFixture engine) : EngineTests(engine)
{
    private static string Host => "linux/" + ImageArchive.HostArchitecture;

    [TareTheory, Clients]
    public async Task The_tree_has_the_platforms_of_each_image(string client)
    {
        if (OldClient.Is(client))
            return;
        (string name, ImageArchive host, ImageArchive other) = await LoadAsync();
        // The list has one row for it, and the other platform's image is no leftover.
        Assert.Equal(host.Id[7..19], await Ok(client, "images", "-q", name));
        Assert.DoesNotContain(other.Id[7..19], await Ok(client, "images", "-q"), StringComparison.Ordinal);
        Assert.Contains(other.Id[7..19], await Ok(client, "images", "-qa"), StringComparison.Ordinal);
        Assert.DoesNotContain(other.Id[7..19], await Ok(client, "images", "-q", "--filter", "dangling=true"), StringComparison.Ordinal);
        Own(name + "-too");
        await Ok(client, "tag", name, name + "-too");
        string container = Name();
        await Ok(client, "create", "--name", container, "--network", "none", name, "true");
        string[] lines = Escapes().Replace((await Run(client, "images", "--tree", "--filter", "reference=" + name + "*")).Ok().Out, "").Split('\n');
        // What the other columns leave of eighty.
        const int width = 29;
        Assert.Equal(
            [
                "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.",
                "Info ->  U In Use".PadLeft(79) + " ",
                "",
                "IMAGE".PadRight(width) + "   ID             DISK USAGE   CONTENT SIZE   EXTRA",
                name + "-too:latest",
                Row($"{name}:latest", host.Id, "U"),
                Row("├─ linux/s390x", ImageArchive.Digest(other.Manifest()), ""),
                Row("└─ " + Host, ImageArchive.Digest(host.Manifest()), "U"),
                "",
                "",
            ],
            lines.Select(line => Sizes().Replace(line, "SIZE")));
        foreach ((string option, string text) in new[] { ("--quiet", "quiet"), ("--no-trunc", "no-trunc"), ("--digests", "show-digest"), ("--format=x", "format") })
            Assert.Equal($"--{text} is not yet supported with --tree\n", (await Run(client, "images", "--tree", option)).Expect(1).Err);

        string Row(string first, string id, string extra) => $"{(first.Length > width ? first[..(width - 1)] + "…" : first.PadRight(width))}   {id[7..19]}   SIZE   SIZE   {extra,-5}";
    }

    [TareTheory, Clients]
    public async Task One_platform_is_removed_and_then_the_other(string client)
    {
        if (OldClient.Is(client))
            return;
        (string name, ImageArchive host, ImageArchive other) = await LoadAsync();
        Assert.Equal(
            $"Error response from daemon: image with reference {name} was found but its platform ({Host}) does not match the specified platform (linux/riscv64)\n",
            (await Run(client, "rmi", "--platform", "linux/riscv64", name)).Expect(1).Err);
        string container = Name();
        await Ok(client, "create", "--name", container, "--network", "none", name, "true");
        Assert.Contains("is being used by stopped container", (await Run(client, "rmi", "--platform", Host, name)).Expect(1).Err, StringComparison.Ordinal);
        Assert.Equal([$"Deleted: {other.Id}"], (await Ok(client, "rmi", "--platform", "linux/s390x", name)).Split('\n').Where(line => line.Contains(other.Id, StringComparison.Ordinal)));
        Assert.Equal(host.Id, await Ok(client, "image", "inspect", "-f", "{{.Id}}", name));
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Get, $"/v1.50/images/{name}/json?platform={Uri.EscapeDataString("""{"os":"linux","architecture":"s390x"}""")}")).Status);
        await Ok(client, "rm", container);
        Assert.Contains($"Untagged: {name}:latest", await Ok(client, "rmi", "--platform", Host, name), StringComparison.Ordinal);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Get, $"images/{name}/json")).Status);
    }

    [TareFact]
    public async Task The_API_tells_of_manifests()
    {
        (string name, ImageArchive host, ImageArchive other) = await LoadAsync();
        JsonArray manifests = (JsonArray)(await Api.GetAsync($"/v1.50/images/{name}/json?manifests=1"))["Manifests"]!;
        Assert.Equal([ImageArchive.Digest(other.Manifest()), ImageArchive.Digest(host.Manifest())], manifests.Select(manifest => (string)manifest!["ID"]!));
        Assert.All(manifests, manifest => Assert.Equal(("image", true), ((string)manifest!["Kind"]!, (bool)manifest["Available"]!)));
        Assert.Equal("s390x", (string)manifests[0]!["ImageData"]!["Platform"]!["architecture"]!);
        Assert.Equal((long)manifests[0]!["Size"]!["Total"]!, (long)manifests[0]!["Size"]!["Content"]! + (long)manifests[0]!["ImageData"]!["Size"]!["Unpacked"]!);
        Assert.Null((await Api.GetAsync($"/v1.50/images/{name}/json"))["Manifests"]);
        JsonNode listed = ((JsonArray)await Api.GetAsync("/v1.50/images/json?shared-size=1&manifests=1")).Single(image => ((JsonArray)image!["RepoTags"]!).Any(tag => (string)tag! == name + ":latest"))!;
        Assert.Equal(2, ((JsonArray)listed["Manifests"]!).Count);
        // Both have the layer of the other.
        Assert.Equal((long)listed["Size"]!, (long)listed["SharedSize"]!);
    }

    private async Task<(string Name, ImageArchive Host, ImageArchive Other)> LoadAsync()
    {
        string name = ImageName();
        ImageArchive host = new() { Layers = { BaseImage.BusyboxLayer }, Variables = ["PATH=/bin", "OF=" + name] };
        ImageArchive other = new() { Layers = { BaseImage.BusyboxLayer, new TarMaker().File("other", new byte[1000]).End() }, Architecture = "s390x" };
        using MemoryStream archive = new(ImageArchive.Platforms(name, other, host));
        (int status, string body) = await Api.LoadAsync(archive);
        Assert.True(status == 200 && !body.Contains("\"error\"", StringComparison.Ordinal), body);
        return (name, host, other);
    }

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex Escapes();

    /// <summary>One with the blanks before it, which stand at the right of their columns.</summary>
    [GeneratedRegex("(?<=   ) *[0-9.]+[kM]?B(?=   )")]
    private static partial Regex Sizes();
}
