using Tare.Errors;

namespace Tare.Oci.Images;

/// <summary>Configurations of images that are still in their registry.</summary>
public static class RemoteConfiguration
{
    /// <summary>The longest that is read, in bytes.</summary>
    private const int Maximum = 8 << 20;

    /// <summary>How often what came damaged is fetched in all: what a line or a proxy has spoiled is right the next time.</summary>
    private const int Attempts = 2;

    /// <summary>Reads a configuration whole and verifies its digest.</summary>
    /// <param name="descriptor">The configuration.</param>
    /// <param name="open">Opens it at its first byte; the stream is closed here.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">InvalidArgument: it is too long, or not what its digest says; else what opening or reading throws.</exception>
    public static async Task<byte[]> ReadAsync(OciDescriptor descriptor, Func<CancellationToken, Task<Stream>> open, CancellationToken cancellationToken)
    {
        if (descriptor.Size is < 0 or > Maximum) throw TareException.Invalid($"the configuration {descriptor.Digest} has {descriptor.Size} bytes, more than the {Maximum} that are read");
        var digest = Digest.Parse(descriptor.Digest);
        var content = new byte[descriptor.Size];
        for (var attempt = 1; ; attempt++)
        {
            await using var stream = await open(cancellationToken).ConfigureAwait(false);
            await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            using var builder = new DigestBuilder(digest);
            builder.Append(content);
            var actual = builder.Finish();
            if (actual == digest) return content;
            if (attempt == Attempts) throw TareException.Invalid($"the configuration {digest} came with the digest {actual}: it was damaged on its way, or the registry has another");
        }
    }
}
