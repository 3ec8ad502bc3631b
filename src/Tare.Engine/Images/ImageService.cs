using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Images, for the API: the store below in the words of the wire.</summary>
public sealed class ImageService
{
    /// <summary>The images (filters: <c>dangling</c>, <c>label</c>, <c>before</c>, <c>since</c>, <c>reference</c>, <c>until</c>).</summary>
    public Task<IReadOnlyList<ImageSummary>> ListAsync(bool all, Filters filters, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Everything about an image.</summary>
    public Task<ImageInspect> InspectAsync(string image, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The steps that made an image, the last first.</summary>
    public Task<IReadOnlyList<ImageHistoryResponseItem>> HistoryAsync(string image, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Loads an archive of <c>docker save</c> or an OCI layout, compressed or not; each message is reported as it comes.</summary>
    public Task LoadAsync(Stream archive, bool quiet, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Makes an image of a root filesystem's tar.</summary>
    /// <param name="archive">The tar, compressed or not.</param>
    /// <param name="repository">Name of the image, or empty.</param>
    /// <param name="tag">Its tag, or empty.</param>
    /// <param name="changes">Dockerfile instructions such as <c>CMD ["sh"]</c>.</param>
    /// <param name="message">Comment of the image.</param>
    /// <param name="platform">os/architecture, or empty.</param>
    /// <param name="progress">Receives each message.</param>
    /// <param name="cancellationToken">Ends the import.</param>
    public Task ImportAsync(Stream archive, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Gives an image one more name.</summary>
    public Task TagAsync(string image, string repository, string tag, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Removes a name, and the image with the last one.</summary>
    public Task<IReadOnlyList<ImageDeleteResponseItem>> RemoveAsync(string image, bool force, bool prune, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Removes images that nobody uses (filters: <c>dangling</c>, <c>until</c>, <c>label</c>, <c>label!</c>).</summary>
    public Task<ImagePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken) => throw new NotImplementedException();
}
