using Tare.Engine;
using Tare.Engine.Images;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the image routes need. The contracts are <see cref="ImageService"/>'s.</summary>
internal interface IImageBackend
{
    Task<IReadOnlyList<ImageSummary>> ListAsync(ImageListOptions options, Filters filters, CancellationToken cancellationToken);

    Task<ImageInspect> InspectAsync(string image, string platform, bool manifests, CancellationToken cancellationToken);

    Task<IReadOnlyList<ImageHistoryResponseItem>> HistoryAsync(string image, string platform, CancellationToken cancellationToken);

    Task LoadAsync(Stream archive, string platform, bool quiet, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken);

    Task SaveAsync(IReadOnlyList<string> names, string platform, Stream target, CancellationToken cancellationToken);

    Task ImportFromAsync(string source, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken);

    Task ImportAsync(Stream archive, string repository, string tag, IReadOnlyList<string> changes, string message, string platform, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken);

    Task TagAsync(string image, string repository, string tag, CancellationToken cancellationToken);

    Task<IReadOnlyList<ImageDeleteResponseItem>> RemoveAsync(string image, IReadOnlyList<string> platforms, bool force, bool prune, CancellationToken cancellationToken);

    Task<ImagePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken);
}
