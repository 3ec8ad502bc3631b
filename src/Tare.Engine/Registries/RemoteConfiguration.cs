using System.Security.Cryptography;
using Tare.Distribution;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Engine.Registries;

/// <summary>Configurations of images that are still in their registry.</summary>
public static class RemoteConfiguration
{
    /// <summary>The longest that is read, in bytes.</summary>
    private const int Maximum = 8 << 20;

    /// <summary>Reads a configuration and verifies its digest.</summary>
    /// <exception cref="TareException">It is not there, too long, or not what its digest says.</exception>
    public static async Task<byte[]> ReadAsync(RepositoryClient repository, OciDescriptor descriptor, CancellationToken cancellationToken)
    {
        if (descriptor.Size is < 0 or > Maximum) throw TareException.Invalid($"the configuration {descriptor.Digest} has {descriptor.Size} bytes, more than the {Maximum} that are read");
        var content = new byte[descriptor.Size];
        await using var blob = await repository.OpenBlobAsync(descriptor, cancellationToken);
        await blob.ReadExactlyAsync(content, cancellationToken);
        var digest = Digest.Parse(descriptor.Digest);
        var actual = digest.Algorithm == "sha512" ? Digest.FromSha512(SHA512.HashData(content)) : Digest.Of(content);
        return actual == digest ? content : throw TareException.Invalid($"image config verification failed for digest {digest}");
    }
}
