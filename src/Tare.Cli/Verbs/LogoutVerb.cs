using Tare.Cli.Commands;
using Tare.Cli.Credentials;

namespace Tare.Cli.Verbs;

/// <summary>tare logout: forgets the credentials for a registry.</summary>
internal sealed class LogoutVerb : Verb
{
    public LogoutVerb()
        : base("[SERVER]", "Log out from a registry.\nWithout a server it is Docker Hub.", ArgumentCount.AtMost(1))
    {
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        LoginVerb.WarnOfEnvironment(session);
        var server = arguments.Count > 0 ? arguments[0] : "";
        var shown = ServerAddress.DockerHub;
        string[] servers = [shown];
        if (server.Length > 0)
        {
            shown = ServerAddress.ToHostName(server);
            // Old clients kept whole addresses.
            servers = [server, shown, "http://" + shown, "https://" + shown];
        }

        session.Out.WriteLine($"Removing login credentials for {shown}");
        session.Out.Flush();
        var errors = new Dictionary<string, string>();
        foreach (var name in servers)
        {
            try
            {
                session.Credentials.For(name).Erase(name);
            }
            catch (CommandException e)
            {
                errors[name] = e.Message;
            }
        }

        // One removal is enough: the others are names that it may have had.
        if (errors.Count == servers.Length)
        {
            session.Error.WriteLine("WARNING: could not erase credentials:");
            foreach (var (name, error) in errors) session.Error.WriteLine($"{name}: {error}");
        }

        return new(0);
    }
}
