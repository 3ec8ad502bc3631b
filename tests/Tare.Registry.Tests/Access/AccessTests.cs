using Tare.Errors;
using Tare.Registry.Access;
using Tare.Registry.Configuration;

namespace Tare.Registry.Tests.Access;

public sealed class AccessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tare-registry-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(null, "public/x", "r--")]
    [InlineData("bob", "public/x", "r--")]
    [InlineData("alice", "public/x", "rw-")]
    [InlineData(null, "team/x", "---")]
    [InlineData("bob", "team/x", "r--")]
    [InlineData("alice", "team/x", "rwd")]
    [InlineData("bob", "other", "---")]
    [InlineData("root", "other", "rwd")]
    [InlineData("root", "team/x", "rwd")]
    public void The_first_rule_that_fits_decides(string? user, string repository, string expected)
    {
        var rules = Rules("""
            {"admins":["root"],"groups":{"dev":["alice"]},"rules":[
              {"repository":"public/*","public":true,"write":["@dev"]},
              {"repository":"team/*","read":["*"],"write":["@dev"],"delete":["alice"]},
              {"repository":"team/x","public":true}]}
            """);
        string Letter(RepositoryAction action, string letter) => rules.Allows(user, repository, action) ? letter : "-";
        Assert.Equal(expected, Letter(RepositoryAction.Read, "r") + Letter(RepositoryAction.Write, "w") + Letter(RepositoryAction.Delete, "d"));
    }

    [Fact]
    public void Without_rules_users_may_everything_and_nobody_nothing()
    {
        var rules = new AccessRules(new ConfigFile(null, (_, _) => { }), hasUsers: true);
        Assert.True(rules.Allows("anybody", "a", RepositoryAction.Delete));
        Assert.False(rules.Allows(null, "a", RepositoryAction.Read));
        Assert.True(new AccessRules(new ConfigFile(null, (_, _) => { }), hasUsers: false).Allows(null, "a", RepositoryAction.Delete));
    }

    [Fact]
    public void A_token_says_what_it_was_made_for()
    {
        var tokens = new Tokens(new byte[32], TimeProvider.System);
        var caller = tokens.Read(tokens.Issue("alice", [new Grant("a/b", Read: true, Write: false, Delete: true)]))!;
        Assert.Equal("alice", caller.Name);
        Assert.Equal(new Grant("a/b", true, false, true), Assert.Single(caller.Grants!));
        Assert.Null(tokens.Read(tokens.Issue(null, []))!.Name);
    }

    [Fact]
    public void A_token_of_another_key_or_changed_or_old_is_none()
    {
        var time = new Clock();
        var tokens = new Tokens(new byte[32], time);
        var token = tokens.Issue("alice", []);
        Assert.Null(new Tokens([.. Enumerable.Repeat((byte)1, 32)], time).Read(token));
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
            // The last letter of a base64 text has bits that mean nothing.
            if (i != token.Length - 1) Assert.Null(tokens.Read(changed));
        }

        Assert.Null(tokens.Read("eyJhbGciOiJub25lIn0.e30."));
        time.Now += TimeSpan.FromHours(1);
        Assert.Null(tokens.Read(token));
    }

    [Theory]
    [InlineData("repository:a/b:pull,push", "a/b", "pull|push")]
    [InlineData("repository(plugin):a:pull", "a", "pull")]
    public void Scopes_are_read(string scope, string name, string actions)
    {
        var (repository, found) = Assert.Single(TokenEndpoint.ParseScopes([scope]));
        Assert.Equal((name, actions), (repository, string.Join('|', found)));
    }

    [Theory]
    [InlineData("registry:catalog:*")]
    [InlineData("repository:A:pull")]
    [InlineData("repository:a")]
    [InlineData("")]
    public void Other_scopes_are_ignored(string scope) => Assert.Empty(TokenEndpoint.ParseScopes([scope]));

    [Fact]
    public async Task Users_are_added_changed_and_removed_and_the_server_notices()
    {
        var path = Path.Combine(folder, "htpasswd");
        Assert.True(HtpasswdFile.Set(path, "alice", "one"));
        Assert.True(HtpasswdFile.Set(path, "bob", "two"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using var check = new PasswordCheck(path, TimeProvider.System, (_, _) => { });
        Assert.True(await check.IsRightAsync("alice", "one", default));
        Assert.True(await check.IsRightAsync("alice", "one", default));
        Assert.False(await check.IsRightAsync("alice", "two", default));
        Assert.False(await check.IsRightAsync("carol", "one", default));
        Assert.False(HtpasswdFile.Set(path, "alice", "three!"));
        Assert.False(await check.IsRightAsync("alice", "one", default));
        Assert.True(await check.IsRightAsync("alice", "three!", default));
        HtpasswdFile.Remove(path, "alice");
        Assert.False(await check.IsRightAsync("alice", "three!", default));
        Assert.Equal(["bob"], HtpasswdFile.Users(path));
        Assert.DoesNotContain("two", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        Assert.Throws<TareException>(() => HtpasswdFile.Remove(path, "alice"));
        Assert.Equal(["htpasswd"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("a:b")]
    [InlineData("")]
    [InlineData("@a")]
    [InlineData("*")]
    [InlineData("a\nb")]
    public void Names_that_would_break_the_file_or_the_rules_are_refused(string name) =>
        Assert.Throws<TareException>(() => HtpasswdFile.Set(Path.Combine(folder, "x"), name, "password"));

    [Fact]
    public void Hashes_of_apaches_htpasswd_are_known() =>
        Assert.True(HtpasswdFile.Verify("secret3", "$2y$05$rOEYgwukwpjZDxpmsPhQY.Jc5dXdpl64lL04g6.w07iFlRjUoGw46"));

    private AccessRules Rules(string json)
    {
        var path = Path.Combine(folder, "config.json");
        File.WriteAllText(path, json);
        return new AccessRules(new ConfigFile(path, (_, _) => { }), hasUsers: true);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
