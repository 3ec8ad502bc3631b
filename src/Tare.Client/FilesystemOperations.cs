using Tare.Client.Http;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>The operations on the files of containers, running or not.</summary>
public sealed class FilesystemOperations
{
    private readonly Engine _engine;

    internal FilesystemOperations(Engine engine) => _engine = engine;

    /// <summary>Makes an image of what a container has changed.</summary>
    /// <returns>The image's id.</returns>
    public async ValueTask<string> CommitAsync(string container, CommitOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new CommitOptions();
        var request = ContainerOperations.Post("/commit", "{}"u8.ToArray());
        request.Query.Add("container", container).AddText("repo", options.Repository).AddText("tag", options.Tag).AddText("comment", options.Message).AddText("author", options.Author);
        foreach (var change in options.Changes) request.Query.Add("changes", change);
        if (!options.Pause) request.Query.Add("pause", "0");
        return WireJson.Read<IDResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!.Id;
    }

    /// <summary>A container's root filesystem as a tar, without what is mounted in it; the caller's to dispose.</summary>
    public async ValueTask<Stream> ExportAsync(string container, CancellationToken cancellationToken = default)
        => (await _engine.SendAsync(new Request("GET", ContainerOperations.Path(container, "/export")), cancellationToken).ConfigureAwait(false)).Body;

    /// <summary>What a container has changed of its image.</summary>
    public async ValueTask<IReadOnlyList<FilesystemChange>> ChangesAsync(string container, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", ContainerOperations.Path(container, "/changes"));
        return WireJson.Read<IReadOnlyList<FilesystemChange>>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span) ?? [];
    }
}

/// <summary>How an image is made of a container.</summary>
public sealed record CommitOptions
{
    /// <summary>The image's name without a tag; null for none.</summary>
    public string? Repository { get; init; }

    /// <summary>The tag; null is <c>latest</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>A comment in its history.</summary>
    public string? Message { get; init; }

    /// <summary>Who made it.</summary>
    public string? Author { get; init; }

    /// <summary>Instructions of a Dockerfile that change its configuration.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>Freezes the container's processes meanwhile.</summary>
    public bool Pause { get; init; } = true;
}
