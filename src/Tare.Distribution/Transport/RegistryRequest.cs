namespace Tare.Distribution.Transport;

/// <summary>A request that can be sent several times.</summary>
internal sealed record RegistryRequest(HttpMethod Method, Uri Target)
{
    /// <summary>The media types that are understood, the best first.</summary>
    internal IReadOnlyList<string> Accept { get; init; } = [];

    /// <summary>The first byte that is wanted.</summary>
    internal long From { get; init; }

    internal ReadOnlyMemory<byte>? Content { get; init; }

    internal string ContentType { get; init; } = "application/octet-stream";

    /// <summary>Where the content belongs, as the distribution-spec writes it: <c>first-last</c>.</summary>
    internal string? ContentRange { get; init; }

    /// <summary>Whether the content is a secret, which goes to no other host.</summary>
    internal bool HasSecretContent { get; init; }

    /// <summary>How long the answer may take after the last byte of the request.</summary>
    internal TimeSpan Patience { get; init; } = Limits.Idle;

    /// <summary>
    /// Whether the answer tells of something that has to be taken back: once it is sent, it is waited for <see cref="Limits.Grace"/> when
    /// nobody wants it any more.
    /// </summary>
    internal bool LeavesSomething { get; init; }

    /// <summary>A scope that is needed beyond those of the repository.</summary>
    internal string ExtraScope { get; init; } = "";
}
