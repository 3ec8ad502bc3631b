using System.Text;

namespace Tare.Registry.Access;

/// <summary>The Authorization header.</summary>
internal static class AuthorizationHeader
{
    private const string BasicScheme = "Basic ";
    private const string BearerScheme = "Bearer ";

    /// <summary>Name and password of a header (RFC 7617); null when it has none.</summary>
    internal static (string User, string Password)? Basic(string header)
    {
        if (!header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase)) return null;
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[BasicScheme.Length..].Trim(), bytes, out var length)) return null;
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>The token of a header (RFC 6750); null when it has none.</summary>
    internal static string? Bearer(string header) =>
        header.StartsWith(BearerScheme, StringComparison.OrdinalIgnoreCase) ? header[BearerScheme.Length..].Trim() : null;
}
