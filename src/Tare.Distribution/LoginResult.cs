namespace Tare.Distribution;

/// <summary>The answer to a login.</summary>
/// <param name="Status">A sentence for the user.</param>
/// <param name="IdentityToken">An OAuth2 refresh token that stands for name and password from now on; empty if there is none.</param>
public sealed record LoginResult(string Status, string IdentityToken);
