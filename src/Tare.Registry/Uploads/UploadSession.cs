using Tare.Oci;

namespace Tare.Registry.Uploads;

/// <summary>A blob that is being received. Its file is its state; the hash of what is in it is kept beside it while this server runs.</summary>
internal sealed class UploadSession(string id, string repository, string path, long length) : IDisposable
{
    internal string Id => id;

    internal string Repository => repository;

    /// <summary>The file.</summary>
    internal string Path => path;

    /// <summary>How many bytes have been received.</summary>
    internal long Length { get; set; } = length;

    /// <summary>The hash of all that was received; null when it has to be computed from the file.</summary>
    internal DigestBuilder? Hash { get; set; } = length == 0 ? new DigestBuilder() : null;

    /// <summary>Whether it is blob or rubbish by now: whoever waited for it comes too late.</summary>
    internal bool Ended { get; set; }

    /// <summary>Held by the one request that receives or completes it.</summary>
    internal SemaphoreSlim Gate { get; } = new(1);

    public void Dispose()
    {
        Hash?.Dispose();
        Hash = null;
        Gate.Dispose();
    }
}
