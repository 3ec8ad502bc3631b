using System.Text;
using Tare.Distribution.Tests.Harness;
using Tare.Errors;

namespace Tare.Distribution.Tests.Authentication;

/// <summary>What is sent to token servers and registries, and when.</summary>
public sealed class TokenTests
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}""";
    private static readonly Credentials User = new("user", "p:ss wörd");

    private readonly Dictionary<string, bool> _good = [];
    private int _given;

    [Fact]
    public async Task A_token_is_fetched_with_name_and_password_and_used_again()
    {
        await using var fixture = Make();
        var repository = fixture.Open(credentials: User);
        await repository.GetManifestAsync("v1", RegistryFixture.Token);
        await repository.GetManifestAsync("v2", RegistryFixture.Token);
        await fixture.Open(credentials: User).GetManifestAsync("v3", RegistryFixture.Token);

        var asked = Assert.Single(fixture.Server.Requests, request => request.Path == "/token");
        Assert.Equal("GET", asked.Method);
        Assert.Equal("svc", asked.Query("service"));
        Assert.Equal(["repository:team/app:pull"], asked.QueryAll("scope"));
        Assert.Equal("user", asked.Query("account"));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:p:ss wörd")), asked["Authorization"]);
        Assert.Equal(3, fixture.Server.Requests.Count(request => request["Authorization"] == "Bearer token1"));
    }

    [Fact]
    public async Task Another_registry_at_the_same_address_that_lets_everybody_in_is_not_asked_for_tokens()
    {
        var isOpen = false;
        var host = "";
        await using var fixture = new RegistryFixture(request => (request.Path, isOpen) switch
        {
            ("/token", false) => Reply.Json(200, """{"token":"t"}"""),
            ("/token", true) => Reply.Of(404),
            (_, false) when request["Authorization"] is null => Reply.Of(401, "", $"WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"s\""),
            ("/v2/", _) => Reply.Of(200),
            _ => Reply.Of(200, Manifest, "Content-Type: application/vnd.oci.image.manifest.v1+json"),
        });
        host = fixture.Server.Host;
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        isOpen = true;
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Null(fixture.Server.Requests[^1]["Authorization"]);
    }

    [Fact]
    public async Task Nobody_gets_a_token_of_his_own()
    {
        await using var fixture = Make();
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        await fixture.Open(credentials: User).GetManifestAsync("v1", RegistryFixture.Token);
        var asked = fixture.Server.Requests.Where(request => request.Path == "/token").ToArray();
        Assert.Equal(2, asked.Length);
        Assert.Null(asked[0]["Authorization"]);
        Assert.Null(asked[0].Query("account"));
    }

    [Theory]
    [InlineData(null, 59, 1)]
    [InlineData(null, 61, 2)]
    [InlineData(5, 59, 1)] // what says less lives a minute all the same
    [InlineData(5, 61, 2)]
    [InlineData(300, 299, 1)]
    [InlineData(300, 301, 2)]
    public async Task A_token_lives_as_long_as_it_says(int? expires, int wait, int tokens)
    {
        await using var fixture = Make(expires);
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        fixture.Time.Advance(TimeSpan.FromSeconds(wait));
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal(tokens, fixture.Server.Requests.Count(request => request.Path == "/token"));
    }

    [Fact]
    public async Task A_token_that_is_refused_is_replaced_once()
    {
        await using var fixture = Make();
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        _good["token1"] = false;
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
        Assert.Equal(2, _given);
    }

    [Fact]
    public async Task A_registry_that_refuses_every_token_is_not_asked_for_ever()
    {
        await using var fixture = new RegistryFixture(request => request.Path == "/token"
            ? Reply.Json(200, """{"token":"x"}""")
            : Reply.Refusal(401, "UNAUTHORIZED", "authentication required", Challenge(request)));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal("unauthorized: authentication required", error.Message);
        Assert.Equal(ErrorKind.Unauthorized, error.Kind);
        Assert.InRange(fixture.Server.Requests.Count, 2, 6);
    }

    [Fact]
    public async Task An_identity_token_is_exchanged_by_post()
    {
        await using var fixture = Make();
        await fixture.Open(RepositoryAccess.PullAndPush, new Credentials(Username: "user", IdentityToken: "re/fresh")).GetManifestAsync("v1", RegistryFixture.Token);
        var asked = Assert.Single(fixture.Server.Requests, request => request.Path == "/token");
        Assert.Equal("POST", asked.Method);
        Assert.Null(asked["Authorization"]);
        Assert.Equal("application/x-www-form-urlencoded", asked["Content-Type"]);
        Assert.Equal(
            "grant_type=refresh_token&refresh_token=re%2Ffresh&service=svc&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&client_id=docker",
            asked.Text);
    }

    [Fact]
    public async Task A_registry_token_is_sent_as_it_is()
    {
        await using var fixture = Make();
        _good["ready"] = true;
        await fixture.Open(credentials: new Credentials(RegistryToken: "ready")).GetManifestAsync("v1", RegistryFixture.Token);
        Assert.DoesNotContain(fixture.Server.Requests, request => request.Path == "/token");
    }

    [Fact]
    public async Task A_mount_asks_for_the_other_repository_too()
    {
        await using var fixture = Make(other: request => request.Method == "POST" ? Reply.Of(201) : null);
        Assert.Null(await fixture.Open(RepositoryAccess.PullAndPush).BeginUploadAsync(Oci.Digest.Of([1]), "team/base", RegistryFixture.Token));
        var asked = Assert.Single(fixture.Server.Requests, request => request.Path == "/token");
        Assert.Equal(["repository:team/app:pull,push", "repository:team/base:pull"], asked.QueryAll("scope"));
    }

    [Fact]
    public async Task A_scope_that_only_the_registry_knows_is_asked_for()
    {
        await using var fixture = new RegistryFixture(request => request.Path == "/token"
            ? Reply.Json(200, $$"""{"token":"{{(request.QueryAll("scope").Contains("repository:proxy/team/app:pull") ? "good" : "poor")}}"}""")
            : request["Authorization"] == "Bearer good"
                ? Reply.Of(200, Manifest)
                : Reply.Of(401, "", Challenge(request) + ",scope=\"repository:proxy/team/app:pull\""));
        await fixture.Open().GetManifestAsync("v1", RegistryFixture.Token);
    }

    [Fact]
    public async Task The_token_servers_refusal_is_told()
    {
        await using var fixture = new RegistryFixture(request => request.Path == "/token"
            ? Reply.Json(401, """{"details":"incorrect username or password"}""")
            : Reply.Of(401, "", Challenge(request)));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open(credentials: User).GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal($"Get \"http://{fixture.Server.Host}/v2/team/app/manifests/v1\": unauthorized: incorrect username or password", error.Message);
        Assert.Equal(ErrorKind.Unauthorized, error.Kind);
    }

    [Theory]
    [InlineData("{}", "authorization server did not include a token in the response")]
    [InlineData("nothing", "unable to decode token response")]
    [InlineData("""{"token":"a\r\nX-Evil: 1"}""", "a token that cannot be one")]
    public async Task A_token_that_is_none_is_refused(string body, string expected)
    {
        await using var fixture = new RegistryFixture(request => request.Path == "/token" ? Reply.Json(200, body) : Reply.Of(401, "", Challenge(request)));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_token_is_refused()
    {
        var body = new byte[2 * 1024 * 1024];
        await using var fixture = new RegistryFixture(request =>
            request.Path == "/token" ? Reply.Bytes(body) with { IsChunked = true } : Reply.Of(401, "", Challenge(request)));
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Contains("larger than 1024 KiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Basic_is_answered_with_name_and_password_and_once()
    {
        await using var fixture = new RegistryFixture(request => request["Authorization"] == "Basic " + Convert.ToBase64String("user:right"u8)
            ? Reply.Of(200, Manifest)
            : Reply.Refusal(401, "UNAUTHORIZED", "authentication required", "WWW-Authenticate: Basic realm=\"r\""));
        await fixture.Open(credentials: new Credentials("user", "right")).GetManifestAsync("v1", RegistryFixture.Token);
        var before = fixture.Server.Requests.Count;
        var error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open(credentials: new Credentials("user", "wrong")).GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Equal("unauthorized: authentication required", error.Message);
        Assert.Equal(before + 1, fixture.Server.Requests.Count);
        error = await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.EndsWith("no basic auth credentials", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_at_once_share_one_token()
    {
        await using var fixture = Make();
        var repository = fixture.Open();
        await repository.GetManifestAsync("v0", RegistryFixture.Token);
        fixture.Time.Advance(TimeSpan.FromHours(1));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => repository.GetManifestAsync($"v{i}", RegistryFixture.Token)));
        Assert.Equal(2, _given);
    }

    private static string Challenge(ReceivedRequest request) => $"WWW-Authenticate: Bearer realm=\"http://{request["Host"]}/token\",service=\"svc\"";

    private RegistryFixture Make(int? expires = null, Func<ReceivedRequest, Reply?>? other = null) => new(request =>
    {
        if (request.Path == "/token")
        {
            var token = $"token{Interlocked.Increment(ref _given)}";
            _good[token] = true;
            return Reply.Json(200, $$"""{"token":"{{token}}"{{(expires is null ? "" : $",\"expires_in\":{expires}")}}}""");
        }

        if (request["Authorization"] is { } sent && sent.StartsWith("Bearer ", StringComparison.Ordinal) && _good.GetValueOrDefault(sent[7..]))
            return other?.Invoke(request) ?? Reply.Of(200, Manifest);
        return Reply.Refusal(401, "UNAUTHORIZED", "authentication required", Challenge(request));
    });
}
