using Tare.Distribution.Endpoints;

namespace Tare.Distribution.Tests.Endpoints;

public sealed class InsecureRegistriesTests
{
    [Theory]
    [InlineData("127.0.0.1:5000", true)]
    [InlineData("127.9.8.7", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData("localhost:5000", true)]
    [InlineData("10.1.2.3:5000", true)]
    [InlineData("10.2.2.3:5000", false)]
    [InlineData("[fd00::5]:5000", true)]
    [InlineData("[fe00::5]:5000", false)]
    [InlineData("[::ffff:10.1.2.3]:80", true)]
    [InlineData("old.example.com:5000", true)]
    [InlineData("OLD.example.com:5000", true)]
    [InlineData("old.example.com:5001", false)]
    [InlineData("plain.example.com", true)]
    [InlineData("nosuch.invalid", false)]
    public async Task Names_networks_and_loopback_are_known(string host, bool expected)
    {
        var insecure = new InsecureRegistries(["10.1.0.0/16", "fd00::/8", "old.example.com:5000", "http://plain.example.com"]);
        Assert.Equal(expected, await insecure.ContainsAsync(host, CancellationToken.None));
    }

    [Theory]
    [InlineData("host", "host")]
    [InlineData("host:5000", "host")]
    [InlineData("[::1]:5000", "::1")]
    [InlineData("[::1]", "::1")]
    [InlineData("::1", "::1")]
    public void A_host_is_found(string text, string expected) => Assert.Equal(expected, HostPort.Host(text));

    [Theory]
    [InlineData("https://index.docker.io/v1/", "index.docker.io")]
    [InlineData("http://host:5000", "host:5000")]
    [InlineData("host:5000/path", "host:5000")]
    [InlineData("host", "host")]
    public void A_host_is_found_in_an_address(string text, string expected) => Assert.Equal(expected, HostPort.OfAddress(text));
}
