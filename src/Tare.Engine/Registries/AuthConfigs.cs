using Tare.Distribution;
using Tare.Wire;

namespace Tare.Engine.Registries;

/// <summary>Credentials of the wire, for the client of registries.</summary>
public static class AuthConfigs
{
    /// <summary>The same credentials.</summary>
    public static Credentials ToCredentials(this AuthConfig config) => new(config.Username ?? "", config.Password ?? "", config.IdentityToken ?? "", config.RegistryToken ?? "");
}
