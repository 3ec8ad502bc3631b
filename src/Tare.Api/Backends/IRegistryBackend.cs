using Tare.Engine;
using Tare.Engine.Images;
using Tare.Engine.Registries;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the routes about registries need. The contracts are those of <see cref="TransferService"/> and <see cref="RegistryService"/>.</summary>
internal interface IRegistryBackend
{
    Task PullAsync(string repository, string tag, string platform, AuthConfig credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken);

    Task PushAsync(string repository, string tag, string platform, AuthConfig credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken);

    Task<AuthResponse> LoginAsync(AuthConfig credentials, CancellationToken cancellationToken);

    Task<IReadOnlyList<SearchResult>> SearchAsync(string term, int limit, Filters filters, AuthConfig credentials, CancellationToken cancellationToken);

    Task<DistributionInspect> InspectAsync(string image, AuthConfig credentials, CancellationToken cancellationToken);
}
