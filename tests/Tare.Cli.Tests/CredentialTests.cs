using System.Text;
using System.Text.Json.Nodes;
using Tare.Cli.Commands;
using Tare.Cli.Credentials;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Cli.Tests;

/// <summary>Credentials in config.json and with helpers: what is kept where, and that nothing else is touched.</summary>
public sealed class CredentialTests : IDisposable
{
    private const string Server = "registry.example:5000";
    private const string Hub = "https://index.docker.io/v1/";

    private readonly string _folder = Directory.CreateTempSubdirectory("tare-credentials-").FullName;
    private readonly TerminalPair _errors = TerminalPair.OfFile();
    private readonly string? _path = Environment.GetEnvironmentVariable("PATH");

    private string ConfigPath => Path.Combine(_folder, "config.json");

    private string Config
    {
        get => File.ReadAllText(ConfigPath);
        set => File.WriteAllText(ConfigPath, value);
    }

    private CredentialStores Stores => new(_folder, _errors.Output);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        Environment.SetEnvironmentVariable(EnvironmentCredentialStore.Variable, null);
        _errors.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The very bytes that docker 28.5 writes.</summary>
    [Fact]
    public void A_first_login_makes_a_file_for_its_owner_alone()
    {
        var folder = Path.Combine(_folder, "new");
        new CredentialStores(folder, _errors.Output).For(Server).Store(Login());
        var file = Path.Combine(folder, "config.json");
        Assert.Equal("{\n\t\"auths\": {\n\t\t\"registry.example:5000\": {\n\t\t\t\"auth\": \"dGVzdGVyOnNlY3JldA==\"\n\t\t}\n\t}\n}", File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Assert.Equal([file], Directory.GetFileSystemEntries(folder));
        Assert.Equal(
            $"\nWARNING! Your credentials are stored unencrypted in '{file}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n", _errors.Read());
    }

    [Fact]
    public void Members_that_nobody_knows_survive()
    {
        Config = """
            {"unknown":{"a":[1,2.50,1e400,-0.0,"\u00e9<&>",null,true]},"auths":{"other":{"auth":"dTpw","email":"x@y","extra":{"b":1}},"registry.example:5000":{"auth":"b2xkOm9sZA==","email":"old"}},"HttpHeaders":{"X":"<y>"},"psFormat":"table {{.ID}}"}
            """;
        var before = JsonNode.Parse(Config)!.AsObject();
        Stores.For(Server).Store(Login());
        Assert.Contains("1e400", Config, StringComparison.Ordinal);
        Assert.Contains("2.50", Config, StringComparison.Ordinal);
        Stores.For(Server).Erase(Server);
        var after = JsonNode.Parse(Config)!.AsObject();
        before["auths"]!.AsObject().Remove(Server);
        Assert.Equal(before.Select(member => member.Key), after.Select(member => member.Key));
        Assert.Equal(Compact(before.ToJsonString()), Compact(after.ToJsonString()));
    }

    [Fact]
    public void What_is_as_it_was_is_not_written_and_not_warned_of()
    {
        Stores.For(Server).Store(Login());
        var length = _errors.Read().Length;
        File.SetLastWriteTimeUtc(ConfigPath, DateTime.UnixEpoch);
        Stores.For(Server).Store(Login());
        Stores.For("nobody").Erase("nobody");
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(ConfigPath));
        Assert.Equal(length, _errors.Read().Length);
    }

    [Fact]
    public void A_token_is_kept_without_a_warning()
    {
        Stores.For(Server).Store(new AuthConfig { Username = "tester", IdentityToken = "t", ServerAddress = Server });
        Assert.Equal("""{"auth":"dGVzdGVyOg==","identitytoken":"t"}""", Compact(JsonNode.Parse(Config)!["auths"]![Server]!.ToJsonString()));
        Assert.Equal("", _errors.Read());
        Assert.Equal(new AuthConfig { Username = "tester", IdentityToken = "t", ServerAddress = Server }, Stores.Get(Server));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_is_followed(bool exists)
    {
        var real = Path.Combine(_folder, "elsewhere", "real.json");
        Directory.CreateDirectory(Path.GetDirectoryName(real)!);
        if (exists)
        {
            File.WriteAllText(real, "{\"x\":1}");
            File.SetUnixFileMode(real, (UnixFileMode)0x1A4);
        }

        File.CreateSymbolicLink(ConfigPath, "elsewhere/real.json");
        Stores.For(Server).Store(Login());
        Assert.Equal("elsewhere/real.json", new FileInfo(ConfigPath).LinkTarget);
        Assert.Equal("secret", Stores.Get(Server).Password);
        Assert.Equal(exists ? 0x1A4 : 0x180, (int)File.GetUnixFileMode(real));
        Assert.Equal([real], Directory.GetFileSystemEntries(Path.GetDirectoryName(real)!));
    }

    [Theory]
    [InlineData("{\"auths\":")]
    [InlineData("[]")]
    public void A_file_that_is_not_understood_is_left_alone(string content)
    {
        Config = content;
        Assert.Equal(new AuthConfig(), Stores.Get(Server));
        var error = Assert.Throws<CommandException>(() => Stores.For(Server).Store(Login()));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Equal(content, Config);
    }

    [Theory]
    [InlineData("""{"auths":{"registry.example:5000":{"auth":"dGVzdGVyOmE6Yg=="}}}""", "tester", "a:b")]
    [InlineData("""{"auths":{"registry.example:5000":{"username":"tester","password":"p"}}}""", "tester", "p")]
    [InlineData("""{"auths":{"https://registry.example:5000/v1/":{"auth":"dTpw"}}}""", "u", "p")]
    [InlineData("""{"auths":{"http://registry.example:5000":{"auth":"dTpw"},"registry.example:5000":{"auth":"dGVzdGVyOnA="}}}""", "tester", "p")]
    [InlineData("""{"auths":{"registry.example":{"auth":"dTpw"}}}""", null, null)]
    [InlineData("""{"auths":null}""", null, null)]
    [InlineData("", null, null)]
    public void Entries_are_found(string config, string? user, string? password)
    {
        Config = config;
        var found = Stores.Get(Server);
        Assert.Equal((user, password), (found.Username, found.Password));
    }

    [Theory]
    [InlineData("eA==")]
    [InlineData("OnA=")]
    [InlineData("*")]
    public void A_malformed_entry_is_an_error_without_the_secret(string auth)
    {
        Config = "{\"auths\":{\"" + Server + "\":{\"auth\":\"" + auth + "\"}}}";
        Assert.Throws<CommandException>(() => Stores.Get(Server));
        Assert.Equal(new AuthConfig().Encode(), Stores.HeaderOrNobody(Server));
        _ = ConfigFile.Load(_folder, _errors.Output);
        Assert.StartsWith($"WARNING: Error parsing config file ({ConfigPath}): ", _errors.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public void Docker_Hub_has_a_name_of_its_own()
    {
        Stores.For(Hub).Store(Login() with { ServerAddress = Hub });
        Assert.Equal("tester", AuthConfig.Decode(Stores.HeaderFor(Reference.Parse("busybox"))).Username);
        Assert.Equal("tester", AuthConfig.Decode(Stores.HeaderFor(Reference.Parse("index.docker.io/x/y"))).Username);
        Assert.Null(AuthConfig.Decode(Stores.HeaderFor(Reference.Parse("other.example/x/y"))).Username);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("[::1]", "[::1]")]
    [InlineData("http://example.com", "example.com")]
    [InlineData("https://example.com/v2/", "example.com")]
    [InlineData("example.com:5000/v2", "example.com:5000")]
    [InlineData("https://127.0.0.1:6555/v2/", "127.0.0.1:6555")]
    [InlineData("https://[::1]:6555/v2/", "[::1]:6555")]
    [InlineData("https://::1:6555/v2/", "[::1]:6555")]
    [InlineData("https://user@example.com:1?x", "example.com:1")]
    [InlineData("ftp://example.com", "example.com")]
    [InlineData("unix:///var/run/docker.sock", "unix:")]
    public void Host_names(string address, string expected) => Assert.Equal(expected, ServerAddress.ToHostName(address));

    [Fact]
    public void A_helper_keeps_the_secret_and_the_file_has_none()
    {
        Helper("keep", KeepingHelper);
        Config = """{"credsStore":"keep"}""";
        Stores.For(Server).Store(Login());
        Assert.Equal("""{"ServerURL":"registry.example:5000","Username":"tester","Secret":"secret"}""" + "\n", File.ReadAllText(Path.Combine(_folder, "kept")));
        Assert.Equal("""{"auths":{"registry.example:5000":{}},"credsStore":"keep"}""", Compact(Config));
        Assert.Equal(Login(), Stores.Get(Server));
        Stores.For(Server).Erase(Server);
        Assert.Equal("""{"auths":{},"credsStore":"keep"}""", Compact(Config));
        Assert.Equal(new AuthConfig(), Stores.Get(Server) with { ServerAddress = null });
        Assert.Equal("", _errors.Read());
        Assert.Equal($"store get {Server}\nerase {Server}\nget {Server}\n", File.ReadAllText(Path.Combine(_folder, "asked")));
    }

    [Fact]
    public void An_identity_token_is_a_secret_of_a_user_of_its_own()
    {
        Helper("keep", KeepingHelper);
        Config = """{"credsStore":"keep"}""";
        Stores.For(Server).Store(new AuthConfig { Username = "tester", IdentityToken = "sesame", ServerAddress = Server });
        Assert.Equal("""{"ServerURL":"registry.example:5000","Username":"<token>","Secret":"sesame"}""", File.ReadAllText(Path.Combine(_folder, "kept")).Trim().Replace("\\u003C", "<", StringComparison.Ordinal).Replace("\\u003E", ">", StringComparison.Ordinal));
        Assert.Equal(new AuthConfig { IdentityToken = "sesame", ServerAddress = Server }, Stores.Get(Server));
        Assert.DoesNotContain("sesame", Config, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_may_have_a_helper_of_its_own()
    {
        Helper("keep", KeepingHelper);
        Config = """{"credHelpers":{"registry.example:5000":"keep"}}""";
        Stores.For(Server).Store(Login());
        Stores.For("plain").Store(Login() with { ServerAddress = "plain" });
        Assert.Equal("""{"auths":{"registry.example:5000":{},"plain":{"auth":"dGVzdGVyOnNlY3JldA=="}},"credHelpers":{"registry.example:5000":"keep"}}""", Compact(Config));
    }

    [Fact]
    public void The_platforms_helper_is_found_by_whoever_has_said_nothing()
    {
        Helper("pass", KeepingHelper);
        Program("pass", "#!/bin/sh\n");
        Stores.For(Server).Store(Login());
        Assert.Equal("""{"auths":{"registry.example:5000":{}},"credsStore":"pass"}""", Compact(Config));
        Config = """{"auths":{"a":{}}}""";
        Stores.For(Server).Store(Login());
        Assert.Equal("""{"auths":{"a":{},"registry.example:5000":{"auth":"dGVzdGVyOnNlY3JldA=="}}}""", Compact(Config));
    }

    [Theory]
    [InlineData("echo 'the keychain is locked'; exit 3", "error getting credentials - err: exit status 3, out: `the keychain is locked`", "error storing credentials - err: exit status 3, out: `the keychain is locked`")]
    [InlineData("kill -9 $$", "error getting credentials - err: signal: 9, out: ``", "error storing credentials - err: signal: 9, out: ``")]
    [InlineData("cat; exit 1", "error getting credentials - err: exit status 1, out: `registry.example:5000`", "error storing credentials - err: exit status 1, out: ``")]
    [InlineData("exec <&-; exit 2", "error getting credentials - err: exit status 2, out: ``", "error storing credentials - err: exit status 2, out: ``")]
    [InlineData("head -c 3000000 /dev/zero", "error getting credentials - err: it answered too much, out: ``", "error storing credentials - err: it answered too much, out: ``")]
    public void A_helper_that_fails_is_told_without_the_secret(string script, string getting, string storing)
    {
        Helper("bad", "#!/bin/sh\n" + script + "\n");
        Config = """{"credsStore":"bad"}""";
        Assert.Equal(getting, Assert.Throws<CommandException>(() => Stores.Get(Server)).Message);
        Assert.Equal(storing, Assert.Throws<CommandException>(() => Stores.For(Server).Store(Login())).Message);
        Assert.Equal("""{"credsStore":"bad"}""", Config);
    }

    [Theory]
    [InlineData("nosuch")]
    [InlineData("../bad")]
    public void A_helper_that_is_missing(string name)
    {
        Helper("bad", "#!/bin/sh\n");
        Config = $$"""{"credsStore":"{{name}}"}""";
        Assert.Equal(
            $"error getting credentials - err: exec: \"docker-credential-{name}\": executable file not found in $PATH, out: ``", Assert.Throws<CommandException>(() => Stores.Get(Server)).Message);
    }

    [Fact]
    public void The_environment_comes_first()
    {
        Config = """{"auths":{"registry.example:5000":{"auth":"ZmlsZTpwCg=="},"b":{"auth":"ZmlsZTpw"}}}""";
        Environment.SetEnvironmentVariable(EnvironmentCredentialStore.Variable, """{"auths":{"registry.example:5000":{"auth":"ZW52OnA="}}}""");
        Assert.Equal("env", Stores.Get(Server).Username);
        Assert.Equal("file", Stores.Get("b").Username);
        Assert.Equal("", _errors.Read());
    }

    [Theory]
    [InlineData("""{"auths":{"a":{"auth":""}}}""", "DOCKER_AUTH_CONFIG environment variable is missing key `auth` for a")]
    [InlineData("""{"auths":{"a":{"auth":"dTpw","b":1}}}""", "json: unknown field \"b\"")]
    [InlineData("""{"c":{}}""", "json: unknown field \"c\"")]
    [InlineData("""{"auths":{"a":{"auth":"eA=="}}}""", "Invalid auth configuration file")]
    [InlineData("{", "it is not JSON")]
    public void A_wrong_environment_is_told_and_not_used(string value, string error)
    {
        Environment.SetEnvironmentVariable(EnvironmentCredentialStore.Variable, value);
        Assert.Equal(new AuthConfig(), Stores.Get(Server));
        Assert.Equal($"Failed to create credential store from DOCKER_AUTH_CONFIG:  {error}\n", _errors.Read());
    }

    private const string KeepingHelper = """
        #!/bin/sh
        cd "$(dirname "$0")/.."
        case $1 in
          store) printf 'store ' >> asked; cat > kept;;
          get) echo "get $(cat)" >> asked; cat kept 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; };;
          erase) echo "erase $(cat)" >> asked; rm -f kept;;
        esac
        """;

    private static AuthConfig Login() => new() { Username = "tester", Password = "secret", ServerAddress = Server };

    private static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private void Helper(string name, string script) => Program("docker-credential-" + name, script);

    private void Program(string name, string script)
    {
        var bin = Path.Combine(_folder, "bin");
        Directory.CreateDirectory(bin);
        var file = Path.Combine(bin, name);
        File.WriteAllBytes(file, Encoding.UTF8.GetBytes(script.ReplaceLineEndings("\n")));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", $"{bin}:{_path}");
    }
}
