using System.Runtime.CompilerServices;
using Tare.Client.Http;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>The operations on the engine itself.</summary>
public sealed class SystemOperations
{
    private readonly Engine _engine;

    internal SystemOperations(Engine engine) => _engine = engine;

    /// <summary>Asks whether the engine is there, and what it speaks.</summary>
    public async ValueTask<PingHeaders> PingAsync(CancellationToken cancellationToken = default)
    {
        using var reply = await _engine.SendAsync(new Request("HEAD", "/_ping") { Unversioned = true }, cancellationToken).ConfigureAwait(false);
        var head = reply.Head;
        return new PingHeaders
        {
            ApiVersion = head.Header("Api-Version") ?? "",
            OsType = head.Header("Ostype") ?? "",
            Experimental = head.Header("Docker-Experimental") == "true",
            BuilderVersion = head.Header("Builder-Version") ?? "",
            Swarm = head.Header("Swarm") ?? "",
        };
    }

    /// <summary>Versions of the engine and its parts.</summary>
    public async ValueTask<SystemVersion> VersionAsync(CancellationToken cancellationToken = default)
        => WireJson.Read<SystemVersion>((await VersionJsonAsync(cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>Versions, as the engine wrote them.</summary>
    public ValueTask<ReadOnlyMemory<byte>> VersionJsonAsync(CancellationToken cancellationToken = default)
        => _engine.SendAndReadAsync(new Request("GET", "/version"), cancellationToken);

    /// <summary>What the engine is and has.</summary>
    public async ValueTask<SystemInfo> InfoAsync(CancellationToken cancellationToken = default)
        => WireJson.Read<SystemInfo>((await InfoJsonAsync(cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>What the engine is and has, as it wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> InfoJsonAsync(CancellationToken cancellationToken = default)
        => _engine.SendAndReadAsync(new Request("GET", "/info"), cancellationToken);

    /// <summary>What images and containers take on the disk, as the engine wrote it: lists up to API 1.51, then sums and, when verbose, lists.</summary>
    public ValueTask<ReadOnlyMemory<byte>> DiskUsageJsonAsync(bool verbose, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/system/df");
        request.Query.Add("verbose", verbose);
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Has the engine check credentials at their registry.</summary>
    public async ValueTask<AuthResponse> AuthAsync(AuthConfig credentials, CancellationToken cancellationToken = default)
        => WireJson.Read<AuthResponse>((await _engine.SendAndReadAsync(ContainerOperations.Post("/auth", WireJson.ToUtf8(credentials)), cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>Events as they happen.</summary>
    /// <param name="since">Unix seconds or an RFC 3339 time: begins with events of the past.</param>
    /// <param name="until">Unix seconds or an RFC 3339 time: ends there.</param>
    /// <param name="filters">Only those that match.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<EventMessage> EventsAsync(string? since = null, string? until = null, Filters? filters = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var json in EventsJsonAsync(since, until, filters, cancellationToken).ConfigureAwait(false))
        {
            if (WireJson.Read<EventMessage>(json.Span) is { } message) yield return message;
        }
    }

    /// <summary>Events as the engine writes them. The bytes of one are overwritten by the next.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EventsJsonAsync(string? since = null, string? until = null, Filters? filters = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", "/events");
        request.Query.AddText("since", since).AddText("until", until).AddText("filters", filters?.ToString());
        using var reply = await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false);
        await foreach (var json in JsonDocuments.SplitAsync(reply.Body, cancellationToken).ConfigureAwait(false)) yield return json;
    }
}
