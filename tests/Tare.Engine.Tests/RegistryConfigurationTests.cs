using Tare.Engine.Registries;
using Tare.Errors;

namespace Tare.Engine.Tests;

/// <summary>The daemon's options about registries, with dockerd's texts.</summary>
public sealed class RegistryConfigurationTests
{
    [Fact]
    public void Mirrors_belong_to_Docker_Hub_or_to_the_registry_that_is_named()
    {
        var options = RegistryConfiguration.Parse(
            ["https://one", "http://two:5000/", "https://one/", "ghcr.io=https://three/x", "index.docker.io=https://four", "r:5000=https://five"], [], "agent");
        Assert.Equal(["https://one/", "http://two:5000/", "https://four/"], options.Mirrors["docker.io"]);
        Assert.Equal(["https://three/x/"], options.Mirrors["ghcr.io"]);
        Assert.Equal(["https://five/"], options.Mirrors["r:5000"]);
        Assert.Equal("agent", options.UserAgent);
    }

    [Theory]
    [InlineData("foo", "invalid mirror: no scheme specified for \"foo\": must use either 'https://' or 'http://'")]
    [InlineData("host:5000", "invalid mirror: no scheme specified for \"host:5000\": must use either 'https://' or 'http://'")]
    [InlineData("ftp://x", "invalid mirror: unsupported scheme \"ftp\" in \"ftp://x\": must use either 'https://' or 'http://'")]
    [InlineData("https://x/?a=b", "invalid mirror: query or fragment at end of the URI \"https://x/?a=b\"")]
    [InlineData("https://x/#a", "invalid mirror: query or fragment at end of the URI \"https://x/#a\"")]
    [InlineData("https://user:secret@x/", "invalid mirror: username/password not allowed in URI \"https://user:xxxxx@x/\"")]
    [InlineData("a/b=https://x", "invalid mirror: \"a/b\" in \"a/b=https://x\" is no registry: name it as images do, HOST[:PORT]=https://MIRROR")]
    [InlineData("=https://x", "invalid mirror: \"\" in \"=https://x\" is no registry: name it as images do, HOST[:PORT]=https://MIRROR")]
    public void A_wrong_mirror(string text, string message)
    {
        var error = Assert.Throws<TareException>(() => RegistryConfiguration.Parse([text], [], ""));
        Assert.Equal((ErrorKind.InvalidArgument, message), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("a://b", "insecure registry a://b should not contain '://'")]
    [InlineData("-a", "invalid index name (-a). Cannot begin or end with a hyphen")]
    [InlineData("a..b", "insecure registry a..b is not valid: invalid host \"a..b\"")]
    [InlineData("a:99999", "insecure registry a:99999 is not valid: invalid port \"99999\"")]
    [InlineData("10.0.0.0/64", "insecure registry 10.0.0.0/64 is not valid: invalid host \"10.0.0.0/64\"")]
    public void A_wrong_insecure_registry(string text, string message)
        => Assert.Equal(message, Assert.Throws<TareException>(() => RegistryConfiguration.Parse([], [text], "")).Message);

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a.b:5000", "a.b:5000")]
    [InlineData("http://a:5000", "a:5000")]
    [InlineData("HTTPS://a", "a")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("::1", "::1")]
    [InlineData("[::1]:5000", "[::1]:5000")]
    public void Insecure_registries(string text, string expected) => Assert.Equal([expected], RegistryConfiguration.Parse([], [text], "").InsecureRegistries);

    /// <summary>As `docker info` of 28.5 has it for the same options.</summary>
    [Fact]
    public void Info_shows_what_is_set()
    {
        var nothing = RegistryConfiguration.Describe(RegistryConfiguration.Parse([], [], ""));
        Assert.Null(nothing.Mirrors);
        Assert.Equal(["::1/128", "127.0.0.0/8"], nothing.InsecureRegistryCIDRs);
        var hub = Assert.Single(nothing.IndexConfigs!).Value;
        Assert.Equal(("docker.io", true, true, 0), (hub.Name, hub.Official, hub.Secure, hub.Mirrors!.Count));

        var much = RegistryConfiguration.Describe(RegistryConfiguration.Parse(["https://m", "g:1=https://n"], ["127.0.0.0/8", "10.0.0.0/8", "h:5", "g:1"], ""));
        Assert.Equal(["https://m/"], much.Mirrors);
        Assert.Equal(["127.0.0.0/8", "10.0.0.0/8", "::1/128"], much.InsecureRegistryCIDRs);
        Assert.Equal(["https://m/"], much.IndexConfigs!["docker.io"].Mirrors);
        Assert.False(much.IndexConfigs["h:5"].Secure);
        Assert.False(much.IndexConfigs["g:1"].Secure);
        Assert.Equal(["https://n/"], much.IndexConfigs["g:1"].Mirrors);
    }
}
