using System.Security.Cryptography;
using Tare.Errors;

namespace Tare.Oci;

/// <summary>
/// The name of content by its hash: <c>algorithm:hex</c> (OCI image-spec, descriptor.md, "Digests"). Only the registered
/// algorithms sha256 and sha512 are known, and only lower-case hexadecimal digits, so that equal content has one name.
/// </summary>
public readonly record struct Digest : IComparable<Digest>
{
    private const int Sha256Length = 64;
    private const int Sha512Length = 128;

    private readonly string? _value;

    private Digest(string value) => _value = value;

    /// <summary>Whether this is the default value, which names nothing.</summary>
    public bool IsEmpty => _value is null;

    /// <summary><c>sha256</c> or <c>sha512</c>; empty for the default value.</summary>
    public string Algorithm => _value is null ? "" : _value[..Separator];

    /// <summary>The hash in lower-case hexadecimal digits; empty for the default value.</summary>
    public string Hex => _value is null ? "" : _value[(Separator + 1)..];

    /// <summary>The first twelve digits, as the clients show an id.</summary>
    public string Short => _value is null ? "" : _value.Substring(Separator + 1, 12);

    private int Separator => _value!.IndexOf(':', StringComparison.Ordinal);

    public static bool operator <(Digest left, Digest right) => left.CompareTo(right) < 0;

    public static bool operator >(Digest left, Digest right) => left.CompareTo(right) > 0;

    public static bool operator <=(Digest left, Digest right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Digest left, Digest right) => left.CompareTo(right) >= 0;

    /// <summary>Reads a digest.</summary>
    /// <exception cref="TareException">It is malformed, in the words of the reference implementation.</exception>
    public static Digest Parse(string text) =>
        Read(text, out var digest) is { } problem ? throw TareException.Invalid(problem) : digest;

    /// <summary>Reads a digest, or says that it is none.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        return text is not null && Read(text, out digest) is null;
    }

    /// <summary>Names a SHA-256 hash.</summary>
    public static Digest FromSha256(ReadOnlySpan<byte> hash) =>
        hash.Length == SHA256.HashSizeInBytes
            ? new Digest("sha256:" + Convert.ToHexStringLower(hash))
            : throw new ArgumentException("a SHA-256 hash has 32 bytes", nameof(hash));

    /// <summary>Names a SHA-512 hash.</summary>
    public static Digest FromSha512(ReadOnlySpan<byte> hash) =>
        hash.Length == SHA512.HashSizeInBytes
            ? new Digest("sha512:" + Convert.ToHexStringLower(hash))
            : throw new ArgumentException("a SHA-512 hash has 64 bytes", nameof(hash));

    /// <summary>The SHA-256 digest of some bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return FromSha256(hash);
    }

    /// <inheritdoc/>
    public int CompareTo(Digest other) => string.CompareOrdinal(_value, other._value);

    /// <summary><c>algorithm:hex</c>; empty for the default value.</summary>
    public override string ToString() => _value ?? "";

    private static string? Read(string text, out Digest digest)
    {
        digest = default;
        var separator = text.IndexOf(':', StringComparison.Ordinal);
        if (separator <= 0 || separator + 1 == text.Length) return "invalid checksum digest format";
        var hex = text.AsSpan(separator + 1);
        var length = text.AsSpan(0, separator) switch
        {
            "sha256" => Sha256Length,
            "sha512" => Sha512Length,
            _ => 0,
        };
        if (length == 0) return IsAlgorithm(text.AsSpan(0, separator)) ? "unsupported digest algorithm" : "invalid checksum digest format";
        if (hex.Length != length) return "invalid checksum digest length";
        if (hex.ContainsAnyExcept(HexDigits)) return "invalid checksum digest format";
        digest = new Digest(text);
        return null;
    }

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    private static bool IsAlgorithm(ReadOnlySpan<char> text)
    {
        var afterSeparator = true;
        foreach (var c in text)
        {
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) afterSeparator = false;
            else if (c is '+' or '.' or '_' or '-' && !afterSeparator) afterSeparator = true;
            else return false;
        }

        return !afterSeparator;
    }
}
