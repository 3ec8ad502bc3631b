using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registry;

namespace Tare.EndToEnd.Registry;

/// <summary>The pages, in a headless Chromium.</summary>
[Collection("registry")]
public sealed class RegistryPageTests
{
    private const string Hostile = "<img src=x onerror=alert(1)><script>document.title='owned'</script>\"'&";

    [Fact]
    public async Task A_browser_shows_repositories_and_tags_and_hostile_text_as_text()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        await PushAsync(server, "team/app");
        string home = await DomAsync(server, "/");
        Assert.Contains("href=\"/repository/team/app\"", home);
        Assert.DoesNotContain("team/app", await DomAsync(server, "/?q=nothing"));
        string page = await DomAsync(server, "/repository/team/app");
        Assert.Contains($"docker pull {server.Host}/team/app:1", page);
        Assert.Contains("linux/arm64/v8", page);
        Assert.Contains("2025-03-04 05:06", page);
        Assert.Contains("sha256:", page);
        Assert.Contains("&lt;img src=x onerror=alert(1)&gt;", page);
        Assert.DoesNotContain("<img", page);
        Assert.DoesNotContain("<script", page);
        Assert.Contains($"<title>team/app · {server.Host}</title>", page);
        Result head = (await server.Curl("-I", server.Url + "/repository/team/app")).Ok();
        Assert.Contains("Content-Security-Policy: default-src 'none'", head.Out);
        Assert.Equal(404, await server.StatusAsync("/repository/none"));
        Assert.Contains("&lt;b&gt;", (await server.Curl(server.Url + "/?q=%3Cb%3E")).Ok().Out);
    }

    [Fact]
    public async Task Who_may_not_read_does_not_see()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync(folder => Users.Prepare(folder, "token"));
        await PushAsync(server, "team/app", "--dest-creds", Users.Alice);
        await PushAsync(server, "public/app", "--dest-creds", Users.Alice);
        string home = await DomAsync(server, "/");
        Assert.Contains("public/app", home);
        Assert.DoesNotContain("team/app", home);
        Assert.Equal(401, await server.StatusAsync("/repository/team/app"));
        Assert.Contains("team/app", (await server.Curl("-u", Users.Bob, server.Url + "/")).Ok().Out);
        Assert.Contains("WWW-Authenticate: Basic", (await server.Curl("-I", server.Url + "/login")).Ok().Out);
        Assert.Equal(303, await server.StatusAsync("/login", "-u", Users.Bob));
    }

    /// <summary>Nothing reaches into the margin on the right: rows of pixels there are of one colour.</summary>
    [Fact]
    public async Task A_telephone_shows_a_whole_page()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync();
        string name = "team/a-name-that-is-much-longer-than-a-telephone-is-wide/and-goes-on-and-on-and-on";
        await PushAsync(server, name);
        string file = Path.Combine(server.Folder, "page.png");
        (await ChromiumAsync(server, "--window-size=360,1400", "--hide-scrollbars", $"--screenshot={file}", $"{server.Url}/repository/{name}")).Ok();
        Png image = Png.Read(file);
        Assert.Equal(360, image.Width);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 349; x < 360; x++) Assert.True(image[x, y] == image[359, y], $"something reaches into the margin at {x},{y}");
        }
    }

    private static async Task PushAsync(RegistryProcess server, string repository, params string[] options)
    {
        string source = Layout.Write(Path.Combine(server.Folder, "layout-" + Path.GetRandomFileName()), annotation: Hostile);
        (await Running.RunAsync("skopeo", ["--insecure-policy", "copy", "--dest-tls-verify=false", .. options, source, $"docker://{server.Host}/{repository}:1"])).Ok();
    }

    private static async Task<string> DomAsync(RegistryProcess server, string path) => (await ChromiumAsync(server, "--dump-dom", server.Url + path)).Ok().Out;

    private static Task<Result> ChromiumAsync(RegistryProcess server, params string[] arguments) => Running.RunAsync(
        "chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $"--user-data-dir={server.Folder}/chromium", .. arguments],
        environment: new Dictionary<string, string> { ["HOME"] = server.Folder });
}
