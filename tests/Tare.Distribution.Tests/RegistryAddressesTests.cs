using Tare.Errors;

namespace Tare.Distribution.Tests;

public sealed class RegistryAddressesTests
{
    [Theory]
    [InlineData("https://mirror.example", "https://mirror.example/")]
    [InlineData("http://127.0.0.1:5000/", "http://127.0.0.1:5000/")]
    [InlineData("https://mirror.example/cache/hub", "https://mirror.example/cache/hub/")]
    public void Mirrors_are_addresses(string text, string expected) => Assert.Equal(expected, RegistryAddresses.ParseMirror(text));

    [Theory]
    [InlineData("mirror.example:5000", "invalid mirror: no scheme specified for \"mirror.example:5000\": must use either 'https://' or 'http://'")]
    [InlineData("ftp://mirror.example", "invalid mirror: unsupported scheme \"ftp\" in \"ftp://mirror.example\": must use either 'https://' or 'http://'")]
    [InlineData("https://mirror.example?x=1", "invalid mirror: query or fragment at end of the URI \"https://mirror.example?x=1\"")]
    [InlineData("https://mirror.example/#x", "invalid mirror: query or fragment at end of the URI \"https://mirror.example/#x\"")]
    [InlineData("https://me:secret@mirror.example/", "invalid mirror: username/password not allowed in URI \"https://me:xxxxx@mirror.example/\"")]
    [InlineData("https://", "invalid mirror: \"https://\" is not a valid URI")]
    public void What_is_no_mirror_is_told_in_Dockers_words(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<TareException>(() => RegistryAddresses.ParseMirror(text)).Message);

    [Theory]
    [InlineData("registry.example", "registry.example")]
    [InlineData("registry.example:5000", "registry.example:5000")]
    [InlineData("registry", "registry")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("10.1.2.3:5000", "10.1.2.3:5000")]
    [InlineData("[fd00::1]:5000", "[fd00::1]:5000")]
    [InlineData("fd00::1", "fd00::1")]
    [InlineData("http://registry.example", "registry.example")]
    public void Insecure_registries_are_hosts_or_networks(string text, string expected) => Assert.Equal(expected, RegistryAddresses.ParseInsecureRegistry(text));

    [Theory]
    [InlineData("-registry", "invalid index name (-registry). Cannot begin or end with a hyphen")]
    [InlineData("svn://registry", "insecure registry svn://registry should not contain '://'")]
    [InlineData("reg istry", "insecure registry reg istry is not valid: invalid host \"reg istry\"")]
    [InlineData("registry.example:70000", "insecure registry registry.example:70000 is not valid: invalid port \"70000\"")]
    [InlineData("registry.example/path", "insecure registry registry.example/path is not valid: invalid host \"registry.example/path\"")]
    public void What_is_no_registry_is_told_in_Dockers_words(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<TareException>(() => RegistryAddresses.ParseInsecureRegistry(text)).Message);
}
