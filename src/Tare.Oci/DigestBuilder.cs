using System.Security.Cryptography;

namespace Tare.Oci;

/// <summary>Computes the digest of content that arrives in pieces. Not thread-safe.</summary>
public sealed class DigestBuilder : IDisposable
{
    private readonly IncrementalHash _hash;

    /// <summary>Starts with the algorithm of the digest that is expected, or SHA-256.</summary>
    public DigestBuilder(Digest expected = default) =>
        _hash = IncrementalHash.CreateHash(expected.Algorithm == "sha512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);

    /// <summary>How many bytes were appended.</summary>
    public long Length { get; private set; }

    /// <summary>Adds a piece.</summary>
    public void Append(ReadOnlySpan<byte> piece)
    {
        _hash.AppendData(piece);
        Length += piece.Length;
    }

    /// <summary>The digest of all pieces so far; the builder then starts anew.</summary>
    public Digest Finish()
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        var length = _hash.GetHashAndReset(hash);
        Length = 0;
        return length == SHA256.HashSizeInBytes ? Digest.FromSha256(hash[..length]) : Digest.FromSha512(hash[..length]);
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
