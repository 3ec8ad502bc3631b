using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images;

/// <summary>How to import a root filesystem.</summary>
public sealed record ImportOptions
{
    /// <summary>The new image's name.</summary>
    public Reference? Reference { get; init; }

    /// <summary>The new image's comment.</summary>
    public string Message { get; init; } = "";

    /// <summary>The platform; the host's when absent.</summary>
    public OciPlatform? Platform { get; init; }

    /// <summary>Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];
}
