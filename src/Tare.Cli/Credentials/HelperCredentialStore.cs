using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>Keeps credentials with a helper. The file has an entry without secrets for each server, so that others know of it.</summary>
internal sealed class HelperCredentialStore(CredentialHelper helper, FileCredentialStore file) : ICredentialStore
{
    public AuthConfig Get(string server)
    {
        var known = helper.Get(server) ?? new AuthConfig();
        // A token for the registry itself is nothing that helpers keep.
        return known with { RegistryToken = file.Get(server).RegistryToken };
    }

    public void Store(AuthConfig credentials)
    {
        helper.Store(credentials);
        file.Store(credentials with { Username = null, Password = null, IdentityToken = null });
    }

    public void Erase(string server)
    {
        helper.Erase(server);
        file.Erase(server);
    }
}
