using System.Text;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>login at the distribution's registry.</summary>
public sealed class LoginTests(EngineFixture engine, RegistryFixture registries) : LoginCases(engine, registries), IClassFixture<RegistryFixture>;

/// <summary>login at our own.</summary>
public sealed class OwnRegistryLoginTests(EngineFixture engine, OwnRegistryFixture registries) : LoginCases(engine, registries), IClassFixture<OwnRegistryFixture>;

/// <summary>login and logout, and where credentials are kept.</summary>
public abstract class LoginCases(EngineFixture engine, RegistryFixture registries) : RegistryTests(engine, registries)
{
    private const string Insecure = "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n";

    private static readonly byte[] PasswordLine = Encoding.ASCII.GetBytes(RegistryServer.Password + "\n");

    private string Unencrypted => $"\nWARNING! Your credentials are stored unencrypted in '{ConfigFile}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n";

    [Theory, Clients]
    public async Task Login_keeps_what_the_registry_has_accepted(string client)
    {
        Result login = (await RunOwn(client, PasswordLine, null, "login", "-u", RegistryServer.User, "--password-stdin", Guarded.Host)).Ok();
        Assert.Equal("Login Succeeded\n", login.Out);
        Assert.Equal(Unencrypted, login.Err);
        JsonNode auths = JsonNode.Parse(await File.ReadAllTextAsync(ConfigFile))!["auths"]!;
        Assert.Equal($"{RegistryServer.User}:{RegistryServer.Password}", Encoding.UTF8.GetString(Convert.FromBase64String((string)auths[Guarded.Host]!["auth"]!)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ConfigFile));

        Result again = (await RunOwn(client, "login", Guarded.Host)).Ok();
        Assert.Equal("Login Succeeded\n", again.Out);
        Assert.StartsWith($"Authenticating with existing credentials... [Username: {RegistryServer.User}]\n", again.Err, StringComparison.Ordinal);

        Result logout = (await RunOwn(client, "logout", Guarded.Host)).Ok();
        Assert.Equal($"Removing login credentials for {Guarded.Host}\n", logout.Out);
        Assert.Empty(JsonNode.Parse(await File.ReadAllTextAsync(ConfigFile))!["auths"]!.AsObject());
    }

    [Theory, Clients]
    public async Task A_password_on_the_command_line_is_warned_of(string client)
    {
        Result login = (await RunOwn(client, "login", "-u", RegistryServer.User, "-p", RegistryServer.Password, $"http://{Guarded.Host}/v2/")).Ok();
        Assert.Equal(Insecure + Unencrypted, login.Err);
        Assert.NotNull(JsonNode.Parse(await File.ReadAllTextAsync(ConfigFile))!["auths"]![Guarded.Host]);
    }

    [Theory, Clients]
    public async Task A_wrong_password_is_refused_and_not_kept(string client)
    {
        Result login = (await RunOwn(client, "login", "-u", RegistryServer.User, "-p", "wrong-one", Guarded.Host)).Expect(1);
        Assert.Equal($"{Insecure}Error response from daemon: login attempt to http://{Guarded.Host}/v2/ failed with status: 401 Unauthorized\n", login.Err);
        Assert.Equal("", login.Out);
        Assert.False(File.Exists(ConfigFile));
    }

    [Theory]
    [ClientsWith("Error: Cannot perform an interactive login from a non TTY device", "REGISTRY")]
    [ClientsWith("the --password-stdin option requires --username to be set", "--password-stdin", "REGISTRY")]
    [ClientsWith("conflicting options: cannot specify both --password and --password-stdin", "-u", "a", "-p", "b", "--password-stdin", "REGISTRY")]
    [ClientsWith("username is empty", "-u", "", "REGISTRY")]
    [ClientsWith("password is empty", "-u", "a", "-p", "", "REGISTRY")]
    public async Task Options_that_make_no_sense(string client, string message, params string[] arguments)
    {
        Result login = (await RunOwn(client, ["login", .. arguments.Select(argument => argument == "REGISTRY" ? Guarded.Host : argument)])).Expect(1);
        Assert.Equal(message + "\n", login.Err);
    }

    [Theory, Clients]
    public async Task At_a_terminal_the_user_is_asked_and_the_password_is_not_shown(string client)
    {
        using Terminal terminal = Terminal.Start(Program(client), ["login", Guarded.Host], 30, 120, OwnEnvironment);
        await terminal.SeeAsync("Username: ");
        terminal.Type(RegistryServer.User + "\n");
        await terminal.SeeAsync("Password: ");
        terminal.Type(RegistryServer.Password + "\n");
        Assert.Equal(0, await terminal.EndAsync());
        Assert.Contains("Login Succeeded", terminal.Screen, StringComparison.Ordinal);
        Assert.DoesNotContain(RegistryServer.Password, terminal.Screen, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task A_helper_keeps_the_secret(string client)
    {
        (string here, _) = Folder();
        string helper = Path.Combine(here, "docker-credential-kept");
        await File.WriteAllTextAsync(helper, "#!/bin/sh\ncase $1 in store) cat > \"$KEPT\";; get) cat \"$KEPT\";; erase) rm -f \"$KEPT\";; esac\n");
        File.SetUnixFileMode(helper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(Config);
        await File.WriteAllTextAsync(ConfigFile, "{\"credsStore\":\"kept\",\"psFormat\":\"{{.ID}}\"}");
        Dictionary<string, string> more = new() { ["PATH"] = $"{here}:{System.Environment.GetEnvironmentVariable("PATH")}", ["KEPT"] = Path.Combine(here, "kept") };

        Result login = (await RunOwn(client, PasswordLine, more, "login", "-u", RegistryServer.User, "--password-stdin", Guarded.Host)).Ok();
        Assert.Equal("", login.Err);
        JsonNode kept = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(here, "kept")))!;
        Assert.Equal((Guarded.Host, RegistryServer.User, RegistryServer.Password), ((string)kept["ServerURL"]!, (string)kept["Username"]!, (string)kept["Secret"]!));
        JsonNode config = JsonNode.Parse(await File.ReadAllTextAsync(ConfigFile))!;
        Assert.Equal("{}", config["auths"]![Guarded.Host]!.ToJsonString());
        Assert.Equal("{{.ID}}", (string)config["psFormat"]!);
        (await RunOwn(client, null, more, "login", Guarded.Host)).Ok();
        (await RunOwn(client, null, more, "logout", Guarded.Host)).Ok();
        Assert.False(File.Exists(Path.Combine(here, "kept")));
    }

    [Theory, Clients]
    public async Task A_helper_that_is_missing_is_named(string client)
    {
        Directory.CreateDirectory(Config);
        await File.WriteAllTextAsync(ConfigFile, "{\"credsStore\":\"nosuch\"}");
        Result login = (await RunOwn(client, PasswordLine, null, "login", "-u", RegistryServer.User, "--password-stdin", Guarded.Host)).Expect(1);
        Assert.Equal("Error saving credentials: error storing credentials - err: exec: \"docker-credential-nosuch\": executable file not found in $PATH, out: ``\n", login.Err);
    }
}
