using Tare.Distribution.Endpoints;

namespace Tare.Distribution.Authentication;

/// <summary>What a token is asked for; equal requests share one token.</summary>
/// <param name="Endpoint">The registry that wants it: a token never goes to another one.</param>
/// <param name="Realm">The address of the token server.</param>
/// <param name="Service">The registry's name at the token server.</param>
/// <param name="Scope">The scopes, parted by blanks.</param>
/// <param name="Credentials">Who asks.</param>
/// <param name="Offline">Whether a refresh token is asked for too.</param>
internal sealed record TokenRequest(Endpoint Endpoint, string Realm, string Service, string Scope, Credentials Credentials, bool Offline);

/// <summary>A bearer token.</summary>
/// <param name="Value">What is sent.</param>
/// <param name="RefreshToken">What stands for name and password from now on; empty if none was given.</param>
/// <param name="Expires">From when on it is not used any more.</param>
internal sealed record Token(string Value, string RefreshToken, DateTimeOffset Expires);
