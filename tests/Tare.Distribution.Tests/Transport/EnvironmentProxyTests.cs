using Tare.Distribution.Transport;

namespace Tare.Distribution.Tests.Transport;

/// <summary>The rules are those of Go's golang.org/x/net/http/httpproxy.</summary>
public sealed class EnvironmentProxyTests
{
    private const string No = "corp.example, .sub.example,10.0.0.0/8,192.168.1.5, [fd00::1]:8443,port.example:5000,*.star.example";

    [Theory]
    [InlineData("https://registry-1.docker.io/v2/", "http://secure-proxy:3128/")]
    [InlineData("http://registry.example/v2/", "http://proxy:3128/")]
    [InlineData("https://corp.example/", null)]
    [InlineData("https://a.CORP.example/", null)]
    [InlineData("https://notcorp.example/", "http://secure-proxy:3128/")]
    [InlineData("https://sub.example/", "http://secure-proxy:3128/")]
    [InlineData("https://a.sub.example/", null)]
    [InlineData("https://a.star.example/", null)]
    [InlineData("https://star.example/", "http://secure-proxy:3128/")]
    [InlineData("https://10.200.3.4:5000/", null)]
    [InlineData("https://11.0.0.1/", "http://secure-proxy:3128/")]
    [InlineData("https://192.168.1.5/", null)]
    [InlineData("https://192.168.1.6/", "http://secure-proxy:3128/")]
    [InlineData("https://[fd00::1]:8443/", null)]
    [InlineData("https://[fd00::1]/", "http://secure-proxy:3128/")]
    [InlineData("https://port.example:5000/", null)]
    [InlineData("https://port.example/", "http://secure-proxy:3128/")]
    [InlineData("https://localhost:5000/", null)]
    [InlineData("https://127.0.0.1:5000/", null)]
    [InlineData("http://[::1]:5000/", null)]
    public void Proxies_and_exceptions_are_known(string address, string? expected)
    {
        var proxy = new EnvironmentProxy("proxy:3128", "http://secure-proxy:3128", No);
        Assert.Equal(expected, proxy.GetProxy(new Uri(address))?.AbsoluteUri);
        Assert.Equal(expected is null, proxy.IsBypassed(new Uri(address)));
    }

    [Fact]
    public void A_star_is_everybody() => Assert.True(new EnvironmentProxy("p:1", "p:1", "a,*").IsBypassed(new Uri("https://x.example/")));

    [Fact]
    public void No_proxy_is_none() => Assert.True(new EnvironmentProxy(null, "", null).IsBypassed(new Uri("https://x.example/")));

    [Fact]
    public void A_proxys_password_is_kept()
    {
        var proxy = new EnvironmentProxy(null, "http://me:p%40ss@proxy:3128", null);
        var credential = proxy.Credentials!.GetCredential(proxy.GetProxy(new Uri("https://x.example/"))!, "Basic");
        Assert.Equal(("me", "p@ss"), (credential!.UserName, credential.Password));
    }
}
