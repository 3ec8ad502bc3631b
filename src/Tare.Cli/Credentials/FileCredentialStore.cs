using Tare.Cli.Io;
using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>Keeps credentials in config.json itself, where everybody can read them who can read the file.</summary>
internal sealed class FileCredentialStore(CredentialFile file, Output warnings) : ICredentialStore
{
    private bool _warned;

    public AuthConfig Get(string server) => file.Find(server) ?? new AuthConfig();

    public void Store(AuthConfig credentials)
    {
        var server = credentials.ServerAddress!;
        if (file.Contains(server) && file.Find(server) == credentials) return;
        file.Change(server, credentials);
        if (_warned || credentials.Password is null) return;
        _warned = true;
        warnings.WriteLine(
            $"\nWARNING! Your credentials are stored unencrypted in '{file.Path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n");
        warnings.Flush();
    }

    public void Erase(string server)
    {
        if (file.Contains(server)) file.Change(server, null);
    }
}
