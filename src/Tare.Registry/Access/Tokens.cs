using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tare.Registry.Access;

/// <summary>
/// Tokens of our own: JSON Web Tokens (RFC 7519) with the claims of Docker's token specification, signed with HMAC-SHA-256. Only this
/// server makes them, and only it has to understand them.
/// </summary>
internal sealed class Tokens(byte[] key, TimeProvider time)
{
    private const string Issuer = "tare-registry";

    /// <summary>The head, which is the same for all; a token with another one is not ours, whatever it says of its algorithm.</summary>
    private static readonly string Head = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    /// <summary>How long a token is good: long enough for the push of a large image's layers, each of which is begun with it.</summary>
    internal static TimeSpan Lifetime { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Makes a token.</summary>
    /// <param name="user">Whose it is; null for somebody without a name.</param>
    /// <param name="grants">What it allows.</param>
    internal string Issue(string? user, IReadOnlyList<Grant> grants)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("iss", Issuer);
            json.WriteString("sub", user ?? "");
            json.WriteNumber("iat", now);
            json.WriteNumber("exp", now + (long)Lifetime.TotalSeconds);
            json.WriteString("jti", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
            json.WriteStartArray("access");
            foreach (var grant in grants) Write(json, grant);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        var unsigned = $"{Head}.{Base64Url.EncodeToString(buffer.WrittenSpan)}";
        return $"{unsigned}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(unsigned)))}";
    }

    /// <summary>Reads a token; null when it is not ours, or not good any more.</summary>
    internal Caller? Read(string token)
    {
        var dot = token.LastIndexOf('.');
        if (dot < 0 || !token.StartsWith(Head + ".", StringComparison.Ordinal) || dot < Head.Length + 1) return null;
        try
        {
            Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
            if (!Base64Url.TryDecodeFromChars(token.AsSpan(dot + 1), signature, out var length) || length != signature.Length) return null;
            if (!CryptographicOperations.FixedTimeEquals(signature, HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(token[..dot])))) return null;
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(token.AsSpan(Head.Length + 1, dot - Head.Length - 1)));
            var claims = document.RootElement;
            if (claims.GetProperty("exp").GetInt64() <= time.GetUtcNow().ToUnixTimeSeconds()) return null;
            var user = claims.GetProperty("sub").GetString();
            var grants = claims.GetProperty("access").EnumerateArray().Select(Read).ToList();
            return new Caller(string.IsNullOrEmpty(user) ? null : user, grants);
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void Write(Utf8JsonWriter json, Grant grant)
    {
        json.WriteStartObject();
        json.WriteString("type", "repository");
        json.WriteString("name", grant.Repository);
        json.WriteStartArray("actions");
        if (grant.Read) json.WriteStringValue("pull");
        if (grant.Write) json.WriteStringValue("push");
        if (grant.Delete) json.WriteStringValue("delete");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Grant Read(JsonElement element)
    {
        var actions = element.GetProperty("actions").EnumerateArray().Select(action => action.GetString()).ToList();
        return new Grant(element.GetProperty("name").GetString() ?? "", actions.Contains("pull"), actions.Contains("push"), actions.Contains("delete"));
    }
}
