using System.Text;
using Tare.Cli.Commands;
using Tare.Cli.Credentials;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;
using Tare.Distribution;
using Tare.Errors;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare login: has credentials checked by their registry, and keeps them.</summary>
internal sealed class LoginVerb : Verb
{
    private readonly TextFlag _user;
    private readonly TextFlag _password;
    private readonly SwitchFlag _passwordStdin;

    public LoginVerb()
        : base("[OPTIONS] [SERVER]", "Log in to a registry.\nWithout a server it is Docker Hub.", ArgumentCount.AtMost(1))
    {
        _user = Flags.Text("username", "Name of the user", 'u');
        _password = Flags.Text("password", "Password or personal access token; others can see it on the command line", 'p');
        _passwordStdin = Flags.Switch("password-stdin", "Read the password or personal access token from stdin");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        CheckOptions();
        if (_password.Value.Length > 0) session.Error.WriteLine("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
        var password = _passwordStdin.Value ? ReadPassword(session) : _password.Value;
        WarnOfEnvironment(session);
        session.Error.Flush();

        var server = arguments.Count > 0 && arguments[0].Length > 0 && arguments[0] != Reference.DefaultDomain ? arguments[0] : ServerAddress.DockerHub;
        if (server != ServerAddress.DockerHub) server = ServerAddress.ToHostName(server);
        var stored = _user.Value.Length == 0 && password.Length == 0 ? Stored(session, server) : new AuthConfig();
        string? status = null;
        if (stored is { Username: not null, Password: not null }) status = await LoginWithStoredAsync(session, stored with { IdentityToken = null, ServerAddress = server });
        status ??= await LoginAsync(session, server, password, stored.Username ?? "");
        if (status.Length > 0) session.Out.WriteLine(status);
        return 0;
    }

    /// <summary>As Docker tells that a variable is in the way of what is kept.</summary>
    public static void WarnOfEnvironment(Session session)
    {
        const string variable = EnvironmentCredentialStore.Variable;
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 })
            Note.Warning(session.Error, $"{variable} is set and takes precedence.\nUnset {variable} to restore the CLI auth behaviour.\n");
    }

    private void CheckOptions()
    {
        if (_passwordStdin.Given)
        {
            if (_password.Given) throw new CommandException("conflicting options: cannot specify both --password and --password-stdin");
            if (!_user.Given) throw new CommandException("the --password-stdin option requires --username to be set");
        }

        if (_user.Given && _user.Value.Length == 0) throw new CommandException("username is empty");
        if (_password.Given && _password.Value.Length == 0) throw new CommandException("password is empty");
    }

    /// <summary>All of the input but one line end.</summary>
    private static string ReadPassword(Session session)
    {
        using var content = new MemoryStream();
        session.In.CopyTo(content);
        var text = Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length);
        if (text.EndsWith('\n')) text = text[..^1];
        return text.EndsWith('\r') ? text[..^1] : text;
    }

    private static AuthConfig Stored(Session session, string server)
    {
        try
        {
            return session.Credentials.Get(server);
        }
        catch (CommandException)
        {
            // The user is asked, then.
            return new AuthConfig();
        }
    }

    /// <summary>The registry's words; null when the user has to be asked.</summary>
    private static async ValueTask<string?> LoginWithStoredAsync(Session session, AuthConfig stored)
    {
        session.Error.WriteLine($"Authenticating with existing credentials... [Username: {stored.Username}]");
        Note.Information(session.Error, "To login with a different account, run 'docker logout' followed by 'docker login'");
        session.Error.Write("\n\n");
        session.Error.Flush();
        AuthResponse response;
        try
        {
            response = await session.Client.System.AuthAsync(stored);
        }
        catch (TareException e)
        {
            session.Error.WriteLine(e.Kind == ErrorKind.Unauthorized ? "Stored credentials invalid or expired" : $"Login did not succeed, error: {CommandException.Describe(e)}");
            session.Error.Flush();
            return null;
        }

        Keep(session, stored, response);
        return response.Status;
    }

    private async ValueTask<string> LoginAsync(Session session, string server, string password, string lastUser)
    {
        if ((_user.Value.Length == 0 || password.Length == 0) && !Io.Input.IsTerminal) throw new CommandException("Error: Cannot perform an interactive login from a non TTY device");
        var credentials = new LoginPrompt(session).Ask(_user.Value, password, lastUser, server);
        AuthResponse response;
        try
        {
            response = await session.Client.System.AuthAsync(credentials);
        }
        catch (EngineUnreachableException)
        {
            response = await LoginHereAsync(credentials);
        }

        Keep(session, credentials, response);
        return response.Status;
    }

    /// <summary>Without an engine the registry is asked from here.</summary>
    private static async ValueTask<AuthResponse> LoginHereAsync(AuthConfig credentials)
    {
        using var client = new RegistryClient(new RegistryOptions { UserAgent = Session.UserAgent }, TimeProvider.System);
        var result = await client.LoginAsync(credentials.ServerAddress!, new Distribution.Credentials(credentials.Username ?? "", credentials.Password ?? ""), CancellationToken.None);
        return new AuthResponse { Status = result.Status, IdentityToken = result.IdentityToken };
    }

    private static void Keep(Session session, AuthConfig credentials, AuthResponse response)
    {
        if (response.IdentityToken is { } token) credentials = credentials with { Password = null, IdentityToken = token };
        try
        {
            session.Credentials.For(credentials.ServerAddress!).Store(credentials);
        }
        catch (CommandException e)
        {
            throw new CommandException($"Error saving credentials: {e.Message}");
        }
    }
}
