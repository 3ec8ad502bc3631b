using System.Text;
using Tare.Distribution.Accounts;
using Tare.Distribution.Tests.Harness;
using Tare.Errors;

namespace Tare.Distribution.Tests.Accounts;

public sealed class AccountTests
{
    private static readonly Credentials User = new("user", "right");

    [Fact]
    public async Task A_login_brings_an_identity_token()
    {
        await using var fixture = new RegistryFixture(request => request.Path switch
        {
            "/token" => Reply.Json(200, """{"token":"t","refresh_token":"identity"}"""),
            _ => request["Authorization"] == "Bearer t" ? Reply.Of(200) : Reply.Of(401, "", $"WWW-Authenticate: Bearer realm=\"http://{request["Host"]}/token\",service=svc"),
        });
        var result = await fixture.Client.LoginAsync(fixture.Server.Host, User, RegistryFixture.Token);
        Assert.Equal(new LoginResult("Login Succeeded", "identity"), result);
        var asked = Assert.Single(fixture.Server.Requests);
        Assert.Equal("true", asked.Query("offline_token"));
        Assert.Equal("docker", asked.Query("client_id"));
        Assert.Equal("user", asked.Query("account"));
        Assert.Empty(asked.QueryAll("scope"));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("https://{0}/v1/")]
    [InlineData("http://{0}")]
    public async Task A_login_by_name_and_password(string address)
    {
        await using var fixture = new RegistryFixture(Basic);
        var result = await fixture.Client.LoginAsync(string.Format(address, fixture.Server.Host), User, RegistryFixture.Token);
        Assert.Equal(new LoginResult("Login Succeeded", ""), result);
    }

    [Fact]
    public async Task A_wrong_password_is_told_in_Dockers_words()
    {
        await using var fixture = new RegistryFixture(Basic);
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Client.LoginAsync(fixture.Server.Host, new Credentials("user", "wrong"), RegistryFixture.Token));
        Assert.Equal($"login attempt to http://{fixture.Server.Host}/v2/ failed with status: 401 Status401", error.Message);
    }

    [Fact]
    public async Task A_token_servers_refusal_is_no_login()
    {
        await using var fixture = new RegistryFixture(request => request.Path == "/token"
            ? Reply.Json(401, """{"details":"incorrect username or password"}""")
            : Reply.Of(401, "", $"WWW-Authenticate: Bearer realm=\"http://{request["Host"]}/token\""));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Client.LoginAsync(fixture.Server.Host, User, RegistryFixture.Token));
        Assert.Equal($"Get \"http://{fixture.Server.Host}/v2/\": unauthorized: incorrect username or password", error.Message);
        Assert.Equal(ErrorKind.Unauthorized, error.Kind);
    }

    [Fact]
    public async Task A_login_is_not_believed_from_memory()
    {
        await using var fixture = new RegistryFixture(Basic);
        await fixture.Client.LoginAsync(fixture.Server.Host, User, RegistryFixture.Token);
        await Assert.ThrowsAsync<RegistryException>(() => fixture.Client.LoginAsync(fixture.Server.Host, new Credentials("user", "wrong"), RegistryFixture.Token));
    }

    [Fact]
    public async Task Nobody_at_home_is_told()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Client.LoginAsync("127.0.0.1:1", User, RegistryFixture.Token));
        Assert.Equal("Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused", error.Message);
    }

    [Fact]
    public async Task A_registry_is_searched()
    {
        await using var fixture = new RegistryFixture(request => request.Path == "/v1/search"
            ? Reply.Json(200, """{"query":"web app","num_results":1,"results":[{"name":"team/web","description":"d","star_count":7,"is_official":true}]}""")
            : Reply.Of(404));
        var answer = await fixture.Client.SearchAsync($"{fixture.Server.Host}/web app", 0, User, RegistryFixture.Token);
        var result = Assert.Single(answer.Results!);
        Assert.Equal(("team/web", "d", 7, true, false), (result.Name, result.Description, result.Stars, result.IsOfficial, result.IsAutomated));
        var asked = Assert.Single(fixture.Server.Requests, request => request.Path == "/v1/search");
        Assert.Equal("/v1/search?q=web%20app&n=25", asked.Target);
        Assert.Equal("Basic " + Convert.ToBase64String("user:right"u8), asked["Authorization"]);
    }

    [Theory]
    [InlineData("https://host/x", 0, "invalid repository name: repository name (https://host/x) should not have a scheme")]
    [InlineData("x", 101, "limit 101 is outside the range of [1, 100]")]
    [InlineData("x", -1, "limit -1 is outside the range of [1, 100]")]
    public async Task Searches_that_make_no_sense_are_refused(string term, int limit, string expected)
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200));
        var error = await Assert.ThrowsAsync<TareException>(() => fixture.Client.SearchAsync(term, limit, Credentials.Anonymous, RegistryFixture.Token));
        Assert.Equal(expected, error.Message);
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
    }

    [Fact]
    public async Task A_registry_without_search_is_told_in_Dockers_words()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(404));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Client.SearchAsync($"{fixture.Server.Host}/x", 0, Credentials.Anonymous, RegistryFixture.Token));
        Assert.Equal("Unexpected status code 404", error.Message);
    }

    [Theory]
    [InlineData("nginx", "docker.io", "nginx")]
    [InlineData("team/nginx", "docker.io", "team/nginx")]
    [InlineData("host.example/nginx", "host.example", "nginx")]
    [InlineData("localhost/a/b", "localhost", "a/b")]
    [InlineData("host:5000/", "host:5000", "")]
    public void The_index_is_parted_from_the_words(string term, string index, string words) => Assert.Equal((index, words), Search.Split(term));

    private static Reply Basic(ReceivedRequest request) => request["Authorization"] == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:right"))
        ? Reply.Of(200)
        : Reply.Of(401, "", "WWW-Authenticate: Basic realm=\"r\"");
}
