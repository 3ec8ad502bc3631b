namespace Tare.Distribution;

/// <summary>What a registry is told of who asks: a name and a password, or a token that stands for them. All empty is nobody.</summary>
/// <param name="Username">The user's name.</param>
/// <param name="Password">The password, or a personal access token.</param>
/// <param name="IdentityToken">An OAuth2 refresh token; then name and password are not used.</param>
/// <param name="RegistryToken">A bearer token that is sent as it is.</param>
public sealed record Credentials(string Username = "", string Password = "", string IdentityToken = "", string RegistryToken = "")
{
    /// <summary>Nobody.</summary>
    public static Credentials Anonymous { get; } = new();

    /// <summary>Whether nothing is known of who asks.</summary>
    public bool IsAnonymous => Username.Length == 0 && IdentityToken.Length == 0 && RegistryToken.Length == 0;

    /// <summary>The user's name alone: secrets are not for logs.</summary>
    public override string ToString() => $"Credentials of {(Username.Length > 0 ? Username : "nobody")}";
}
