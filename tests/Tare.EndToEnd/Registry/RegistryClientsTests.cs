using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registry;

namespace Tare.EndToEnd.Registry;

/// <summary>skopeo and buildah push to it and pull from it, by passwords and by tokens, with encryption and without.</summary>
[Collection("registry")]
public sealed class RegistryClientsTests
{
    [Theory]
    [InlineData("basic")]
    [InlineData("token")]
    public async Task Skopeo_pushes_pulls_and_deletes_as_the_rules_allow(string scheme)
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync(folder => Users.Prepare(folder, scheme));
        string source = Layout.Write(Path.Combine(server.Folder, "layout"));
        (await Skopeo("copy", "--dest-tls-verify=false", "--dest-creds", Users.Alice, source, $"docker://{server.Host}/team/app:1")).Ok();
        (await Skopeo("copy", "--dest-tls-verify=false", "--dest-creds", Users.Alice, source, $"docker://{server.Host}/public/app:1")).Ok();
        (await Skopeo("copy", "--src-tls-verify=false", "--src-creds", Users.Bob, $"docker://{server.Host}/team/app:1", $"oci:{server.Folder}/back:x")).Ok();
        (await Skopeo("inspect", "--tls-verify=false", "--no-creds", $"docker://{server.Host}/public/app:1")).Ok();

        Assert.NotEqual(0, (await Skopeo("inspect", "--tls-verify=false", "--no-creds", $"docker://{server.Host}/team/app:1")).Code);
        Assert.NotEqual(0, (await Skopeo("inspect", "--tls-verify=false", "--creds", "alice:wrong", $"docker://{server.Host}/team/app:1")).Code);
        Result refused = await Skopeo("copy", "--dest-tls-verify=false", "--dest-creds", Users.Bob, source, $"docker://{server.Host}/team/app:2");
        Assert.NotEqual(0, refused.Code);
        Assert.Contains("denied", refused.Err);
        Assert.NotEqual(0, (await Skopeo("delete", "--tls-verify=false", "--creds", Users.Bob, $"docker://{server.Host}/team/app:1")).Code);
        Assert.Equal("""{"repositories":["public/app"]}""", (await server.Curl(server.Url + "/v2/_catalog")).Ok().Text);
        Assert.Equal("""{"repositories":["public/app","team/app"]}""", (await server.Curl("-u", Users.Bob, server.Url + "/v2/_catalog")).Ok().Text);
        (await Skopeo("delete", "--tls-verify=false", "--creds", Users.Alice, $"docker://{server.Host}/team/app:1")).Ok();
        Assert.Equal("""{"repositories":["public/app"]}""", (await server.Curl("-u", Users.Bob, server.Url + "/v2/_catalog")).Ok().Text);
    }

    [Fact]
    public async Task A_quota_is_told_in_words()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync(folder => Users.Prepare(folder, "basic"));
        string source = Layout.Write(Path.Combine(server.Folder, "layout"), size: 400_000);
        Result refused = await Skopeo("copy", "--dest-tls-verify=false", "--dest-creds", Users.Alice, source, $"docker://{server.Host}/team/small:1");
        Assert.NotEqual(0, refused.Code);
        Assert.Contains("the quota of team/small is used up", refused.Err);
    }

    [Fact]
    public async Task Encryption_and_certificates_of_clients()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync(folder =>
        {
            Certificates.Write(folder);
            return ["--tls-cert", $"{folder}/server.pem", "--tls-key", $"{folder}/server-key.pem", "--tls-client-ca", $"{folder}/ca.crt"];
        });
        string source = Layout.Write(Path.Combine(server.Folder, "layout"), size: 3_000_000);
        Assert.Equal("https", server.Scheme);
        (await Skopeo("copy", "--dest-cert-dir", server.Folder, source, $"docker://{server.Host}/a:1")).Ok();
        (await Skopeo("copy", "--src-cert-dir", server.Folder, $"docker://{server.Host}/a:1", $"oci:{server.Folder}/back:x")).Ok();
        Result stranger = await server.Curl("--cacert", $"{server.Folder}/ca.crt", server.Url + "/v2/");
        Assert.NotEqual(0, stranger.Code);
    }

    [Fact]
    public async Task Buildah_pushes_what_it_has_built_and_pulls_it_elsewhere()
    {
        await using RegistryProcess server = await RegistryProcess.StartAsync(folder => Users.Prepare(folder, "token"));
        Buildah buildah = new(Path.Combine(server.Folder, "buildah"));
        string container = (await buildah.Run("from", "scratch")).Ok().Text;
        string file = Path.Combine(server.Folder, "hello");
        await File.WriteAllTextAsync(file, "hello from buildah");
        (await buildah.Run("copy", container, file, "/hello")).Ok();
        (await buildah.Run("commit", container, "made")).Ok();
        (await buildah.Run("push", "--tls-verify=false", "--creds", Users.Alice, "made", $"docker://{server.Host}/team/made:1")).Ok();
        Buildah other = new(Path.Combine(server.Folder, "other"));
        string id = (await other.Run("pull", "-q", "--tls-verify=false", "--creds", Users.Bob, $"docker://{server.Host}/team/made:1")).Ok().Text;
        Assert.Matches("^[0-9a-f]{64}$", id.Split('\n')[^1]);
    }

    [Fact]
    public async Task Copies_of_an_upstream_outlive_it()
    {
        await using RegistryProcess upstream = await RegistryProcess.StartAsync();
        string source = Layout.Write(Path.Combine(upstream.Folder, "layout"), size: 5_000_000);
        (await Skopeo("copy", "--dest-tls-verify=false", source, $"docker://{upstream.Host}/lib/app:1")).Ok();
        await using RegistryProcess server = await RegistryProcess.StartAsync(folder =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), $$"""{"upstreams":[{"prefix":"up/","registry":"{{upstream.Host}}","fresh":"0s"}]}""");
            return ["--config", Path.Combine(folder, "config.json")];
        });
        (await Skopeo("copy", "--src-tls-verify=false", $"docker://{server.Host}/up/lib/app:1", $"oci:{server.Folder}/first:x")).Ok();
        Assert.Contains("\"1\"", (await server.Curl(server.Url + "/v2/up/lib/app/tags/list")).Ok().Out);
        Assert.Equal(405, await server.StatusAsync("/v2/up/lib/app/blobs/uploads/", "-X", "POST"));
        Assert.Equal(404, await server.StatusAsync("/v2/up/lib/none/manifests/1"));
        Assert.Equal(0, await upstream.StopAsync());
        (await Skopeo("copy", "--src-tls-verify=false", $"docker://{server.Host}/up/lib/app:1", $"oci:{server.Folder}/second:x")).Ok();
        Assert.Equal(502, await server.StatusAsync("/v2/up/lib/none/manifests/1"));
    }

    private static Task<Result> Skopeo(params string[] arguments) => Running.RunAsync("skopeo", ["--insecure-policy", .. arguments]);
}
