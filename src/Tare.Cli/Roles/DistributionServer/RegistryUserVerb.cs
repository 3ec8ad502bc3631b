using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Io;
using Tare.Registry.Access;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>tare registry user: edits the file of users. Passwords come by standard input, and only their hashes are written.</summary>
internal sealed class RegistryUserVerb : Verb
{
    private readonly TextFlag htpasswd;

    public RegistryUserVerb()
        : base("[OPTIONS] add|rm|list [USER]", "Add users or give them another password (read from standard input), remove and list them", new ArgumentCount(1, 2)) =>
        htpasswd = Flags.Text("htpasswd", "File of users and bcrypt hashes", initial: "/etc/tare-registry/htpasswd");

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var path = RegistryFlags.FileOrNone(htpasswd)!;
        switch (arguments)
        {
            case ["list"]:
                foreach (var user in HtpasswdFile.Users(path)) session.Out.WriteLine(user);
                return new(0);
            case ["add", var user]:
                if (Input.IsTerminal) session.Error.Write("Password (it is shown as it is typed): ");
                session.Error.Flush();
                var password = session.In.ReadLine() ?? throw new CommandException($"no password: write the password of {user} to standard input");
                var isNew = HtpasswdFile.Set(path, user, password.TrimEnd('\r'));
                session.Out.WriteLine(isNew ? $"added {user}" : $"{user} has another password now");
                return new(0);
            case ["rm" or "remove", var user]:
                HtpasswdFile.Remove(path, user);
                session.Out.WriteLine($"removed {user}");
                return new(0);
            default:
                throw new CommandException($"{session.Program}: '{Path}' takes \"add USER\", \"rm USER\" or \"list\"\n\nUsage:  {UseLine}\n\nRun '{Path} --help' for more information");
        }
    }
}
