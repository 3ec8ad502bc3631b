using Tare.Errors;

namespace Tare.Api.Tests;

/// <summary>Archives that the engine writes: export and save; and what makes images of containers.</summary>
public sealed class FilesystemRouteTests
{
    private const string Amd64 = "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22amd64%22%7D";

    [Fact]
    public async Task A_commit_has_all_that_was_asked_for()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, body) = await server.SendAsync("POST", "/v1.51/commit?container=c&repo=a%2Fb&tag=t&comment=why&author=me&pause=0&changes=CMD+x&changes=USER+y", "{}");
        Assert.Equal((201, "{\"Id\":\"sha256:new\"}\n"), (status, body));
        Assert.Equal(["commit c"], server.Engine.Calls);
        var request = server.Engine.Committed!;
        Assert.Equal(("a/b", "t", "why", "me", false), (request.Repository, request.Tag, request.Comment, request.Author, request.Pause));
        Assert.Equal(["CMD x", "USER y"], request.Changes);
        Assert.Null(request.Config);
    }

    [Fact]
    public async Task A_commit_freezes_unless_told_otherwise_and_may_have_a_configuration()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("POST", "/commit?container=c", "{\"User\":\"u\"}");
        Assert.True(server.Engine.Committed!.Pause);
        Assert.Equal("u", server.Engine.Committed.Config!.User);
    }

    [Theory]
    [InlineData("/v1.51/containers/c/export", "export c", "application/octet-stream")]
    [InlineData("/v1.51/images/a/b:1/get", "save a/b:1", "application/x-tar")]
    [InlineData("/v1.51/images/get?names=a&names=b&platform=" + Amd64, "save a b linux/amd64", "application/x-tar")]
    [InlineData("/v1.47/images/get?names=a&platform=" + Amd64, "save a", "application/x-tar")]
    public async Task An_archive_is_streamed(string target, string call, string type)
    {
        await using var server = await ServerFixture.StartAsync();
        server.Engine.Written = 1000;
        using var http = server.Http;
        using var response = await http.GetAsync(new Uri(target, UriKind.Relative));
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(1_000_000, (await response.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal([call], server.Engine.Calls);
    }

    [Fact]
    public async Task What_fails_before_the_first_byte_has_a_status()
    {
        await using var server = await ServerFixture.StartAsync();
        server.Engine.Failure = TareException.NotFound("No such image: x");
        Assert.Equal((404, "No such image: x"), await server.ErrorAsync("GET", "/images/get?names=x"));
        Assert.Equal((404, "No such image: x"), await server.ErrorAsync("GET", "/containers/x/export"));
        Assert.Equal((404, "No such image: x"), await server.ErrorAsync("POST", "/commit?container=x"));
    }

    [Fact]
    public async Task What_fails_later_breaks_the_connection_and_is_no_short_archive()
    {
        await using var server = await ServerFixture.StartAsync();
        server.Engine.FailureInTheMiddle = TareException.Internal("damaged");
        server.Engine.Written = 1000;
        using var http = server.Http;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetByteArrayAsync(new Uri("/images/get?names=x", UriKind.Relative)));
    }

    [Fact]
    public async Task Changes_are_told_by_kind()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((200, "[{\"Kind\":2,\"Path\":\"/gone\"}]\n"), await server.SendAsync("GET", "/containers/c/changes"));
    }

    [Theory]
    [InlineData("x", "failed to parse platform")]
    [InlineData("%7B%7D", "both OS and Architecture must be provided")]
    [InlineData("%7B%22os%22%3A%22linux%22%7D", "both OS and Architecture must be provided")]
    [InlineData("%7B%22variant%22%3A%22v7%22%7D", "optional platform fields provided, but OS and Architecture are missing")]
    public async Task A_platform_that_is_none_is_refused(string platform, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, text) = await server.ErrorAsync("GET", "/images/get?names=x&platform=" + platform);
        Assert.Equal(400, status);
        Assert.StartsWith(message, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_of_the_web_is_imported()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("POST", "/images/create?fromSrc=http%3A%2F%2Fx%2Fy.tar&repo=a&tag=b&changes=CMD+x");
        Assert.Equal(["import from http://x/y.tar a:b [CMD x] Imported from http://x/y.tar"], server.Engine.Calls);
    }
}
