using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>Where credentials are kept. A server is named as Docker names it: <c>HOST[:PORT]</c>, or Docker Hub's own address.</summary>
internal interface ICredentialStore
{
    /// <summary>The credentials for a server; empty ones when there are none.</summary>
    /// <exception cref="Commands.CommandException">They cannot be read.</exception>
    AuthConfig Get(string server);

    /// <summary>Keeps credentials, under their own server address.</summary>
    /// <exception cref="Commands.CommandException">They cannot be kept.</exception>
    void Store(AuthConfig credentials);

    /// <summary>Forgets the credentials for a server. Nothing happens when there are none.</summary>
    /// <exception cref="Commands.CommandException">They cannot be removed.</exception>
    void Erase(string server);
}
