using Tare.Client.Http;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>The operations on volumes.</summary>
public sealed class VolumeOperations
{
    private readonly Engine _engine;

    internal VolumeOperations(Engine engine) => _engine = engine;

    /// <summary>Makes a volume, or finds the one of that name.</summary>
    public async ValueTask<Volume> CreateAsync(VolumeCreateRequest volume, CancellationToken cancellationToken = default)
    {
        var request = ContainerOperations.Post("/volumes/create", WireJson.ToUtf8(volume));
        return WireJson.Read<Volume>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    /// <summary>The list as the engine wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ListJsonAsync(Filters? filters = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/volumes");
        request.Query.AddText("filters", filters?.ToString());
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Everything about a volume, as the engine wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> InspectJsonAsync(string volume, CancellationToken cancellationToken = default)
        => _engine.SendAndReadAsync(new Request("GET", Path(volume)), cancellationToken);

    /// <summary>Removes a volume.</summary>
    /// <param name="volume">Its name.</param>
    /// <param name="force">One that is not there is no error.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public ValueTask RemoveAsync(string volume, bool force = false, CancellationToken cancellationToken = default)
    {
        var request = new Request("DELETE", Path(volume));
        if (force) request.Query.Add("force", "1");
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    /// <summary>Removes volumes that no container has.</summary>
    public async ValueTask<VolumePruneResponse> PruneAsync(Filters? filters = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/volumes/prune");
        request.Query.AddText("filters", filters?.ToString());
        return WireJson.Read<VolumePruneResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    private static string Path(string volume) => "/volumes/" + Uri.EscapeDataString(volume);
}
