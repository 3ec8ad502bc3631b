using Tare.Distribution.Blobs;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Transport;

namespace Tare.Distribution.Tests.Endpoints;

public sealed class EndpointTests
{
    private static readonly Endpoint Secure = new("https://reg.example.com", IsInsecure: false);
    private static readonly Endpoint Insecure = new("https://reg.example.com", IsInsecure: true);

    [Theory]
    [InlineData("https://reg.example.com/x", true)]
    [InlineData("https://REG.example.com:443/x", true)]
    [InlineData("http://reg.example.com/x", false)]
    [InlineData("https://reg.example.com:444/x", false)]
    [InlineData("https://reg.example.com.evil.org/x", false)]
    [InlineData("https://reg.example.com@evil.org/x", false)]
    public void Credentials_are_for_one_place(string address, bool expected) => Assert.Equal(expected, Secure.Owns(new Uri(address)));

    [Theory]
    [InlineData("docker.io", "registry-1.docker.io")]
    [InlineData("index.docker.io", "registry-1.docker.io")]
    [InlineData("quay.io", "quay.io")]
    public void Docker_Hub_has_several_names(string domain, string host) => Assert.Equal(host, RegistryHosts.Of(domain));

    [Theory]
    [InlineData("/next", "https://reg.example.com/next")]
    [InlineData("next?a=b%2Fc", "https://reg.example.com/v2/next?a=b%2Fc")]
    [InlineData("https://cdn.example.com/x", "https://cdn.example.com/x")]
    [InlineData("//cdn.example.com/x", "https://cdn.example.com/x")]
    public void Redirects_are_resolved(string location, string expected) =>
        Assert.Equal(expected, Sender.Next(new Uri("https://reg.example.com/v2/x"), location, Secure).AbsoluteUri);

    [Fact]
    public void A_redirect_does_not_leave_TLS()
    {
        var from = new Uri("https://reg.example.com/v2/x");
        var error = Assert.Throws<RegistryException>(() => Sender.Next(from, "http://cdn.example.com/x", Secure));
        Assert.Contains("from TLS to plain HTTP", error.Message, StringComparison.Ordinal);
        Assert.Equal("http://cdn.example.com/x", Sender.Next(from, "http://cdn.example.com/x", Insecure).AbsoluteUri);
    }

    [Theory]
    [InlineData("http://reg.example.com/v2/u/1?s=2", "https://reg.example.com/v2/u/1?s=2")]
    [InlineData("/v2/u/1?s=2", "https://reg.example.com/v2/u/1?s=2")]
    [InlineData("https://up.example.com/1", "https://up.example.com/1")]
    public void A_registry_behind_a_proxy_may_think_that_it_has_no_TLS(string location, string expected) =>
        Assert.Equal(expected, UploadLocation.Resolve(new Uri("https://reg.example.com/v2/x/blobs/uploads/"), location, Secure).AbsoluteUri);

    [Fact]
    public void An_upload_does_not_leave_TLS_for_another_host() =>
        Assert.Throws<RegistryException>(() => UploadLocation.Resolve(new Uri("https://reg.example.com/v2/x"), "http://up.example.com/1", Secure));
}
