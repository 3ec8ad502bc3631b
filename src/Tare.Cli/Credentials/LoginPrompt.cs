using System.Runtime.InteropServices;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Io;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>Asks the user at the terminal for what is missing of a name and a password.</summary>
internal sealed class LoginPrompt(Session session)
{
    private byte[]? _before;

    private const string Account =
        "Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, head over to https://hub.docker.com/ to create one.";

    private const string Token =
        "You can log in with your password or a Personal Access Token (PAT). Using a limited-scope PAT grants better security and is required for organizations using SSO. Learn more at https://docs.docker.com/go/access-tokens/";

    private static bool HasHints => Environment.GetEnvironmentVariable("DOCKER_CLI_HINTS") is not { Length: > 0 } text || !SwitchFlag.TryParse(text, out var value) || value;

    /// <param name="user">The name, if it is known.</param>
    /// <param name="password">The password, if it is known.</param>
    /// <param name="lastUser">The name that is offered.</param>
    /// <param name="server">The server, as its credentials are kept.</param>
    /// <exception cref="CommandException">The user gave no answer.</exception>
    public AuthConfig Ask(string user, string password, string lastUser, string server)
    {
        // Whoever gives up wants to see again what is typed. That is no failure, says Docker.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, GiveUp);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, GiveUp);
        user = user.Trim();
        lastUser = lastUser.Trim();
        if (user.Length == 0)
        {
            if (server == ServerAddress.DockerHub) session.Out.WriteLine(HasHints ? $"{Account}\n{Token}\n" : Account);
            user = Read(lastUser.Length == 0 ? "Username: " : $"Username ({lastUser}): ");
            if (user.Length == 0) user = lastUser;
            if (user.Length == 0) throw new CommandException("Error: Non-null Username Required");
        }

        password = password.Trim();
        if (password.Length == 0) password = ReadHidden(server);
        return new AuthConfig { Username = user, Password = password, ServerAddress = server };
    }

    private string ReadHidden(string server)
    {
        _before = UserTerminal.TryHideInput(StandardStreams.Input.Number);
        try
        {
            if (server == ServerAddress.DockerHub)
                Note.Information(session.Error, "A Personal Access Token (PAT) can be used instead.\nTo create a PAT, visit \e[4mhttps://app.docker.com/settings\e[0m\n\n");
            var password = Read("Password: ");
            session.Out.WriteLine();
            session.Out.Flush();
            return password.Length > 0 ? password : throw new CommandException("Error: Password Required");
        }
        finally
        {
            ShowInput();
        }
    }

    private void ShowInput()
    {
        if (_before is { } before) UserTerminal.Restore(StandardStreams.Input.Number, before);
        _before = null;
    }

    private void GiveUp(PosixSignalContext context)
    {
        context.Cancel = true;
        ShowInput();
        session.Out.WriteLine();
        session.Out.Flush();
        Environment.Exit(0);
    }

    private string Read(string question)
    {
        session.Out.Write(question);
        session.Out.Flush();
        return session.In.ReadLine()?.Trim() ?? "";
    }
}
