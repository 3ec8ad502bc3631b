using Tare.Distribution;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Images from and to registries.</summary>
public sealed class TransferService(TimeProvider time)
{
    /// <summary>Fetches an image, or with neither tag nor digest all of a repository.</summary>
    /// <param name="repository">The name, as the user wrote it, with or without tag or digest.</param>
    /// <param name="tag">Its tag or digest, or empty.</param>
    /// <param name="platform">os/architecture[/variant], or empty for the host's.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="progress">Receives each message, one after the other.</param>
    /// <param name="cancellationToken">Ends the pull.</param>
    /// <exception cref="TareException">NotFound, Forbidden, Unauthorized: what the registry says; InvalidArgument: the name is malformed; Unavailable: it is not reached.</exception>
    public Task PullAsync(string repository, string tag, string platform, Credentials credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken) =>
        throw TareException.NotImplemented($"pull at {time.GetUtcNow()}");

    /// <summary>Sends an image to its registry.</summary>
    /// <param name="repository">The name without a tag.</param>
    /// <param name="tag">The tag, or empty for all tags of the name.</param>
    /// <param name="platform">The one platform to send, or empty.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="progress">Receives each message, one after the other.</param>
    /// <param name="cancellationToken">Ends the push.</param>
    public Task PushAsync(string repository, string tag, string platform, Credentials credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken) =>
        throw TareException.NotImplemented($"push at {time.GetUtcNow()}");
}
