using System.Text.Json;
using Tare.Errors;
using Tare.Oci.Images;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Api.Http;

/// <summary>The parameter <c>platform</c> of a request about images: a document, <c>{"os":"linux","architecture":"amd64"}</c>.</summary>
internal static class PlatformParameter
{
    /// <summary>The platform as <c>os/architecture[/variant]</c>; empty when none is given, or the client's version does not know it.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    internal static string Read(ApiContext context, int since)
    {
        if (context.Version.Before(since) || context.Query.Text("platform") is not { } json)
            return string.Empty;
        if (context.Query.All("platform").Count > 1)
            throw TareException.Invalid("multiple platform parameters not supported");
        return Parse(json);
    }

    /// <summary>The platform of a document as <c>os/architecture[/variant]</c>; empty when that is.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    internal static string Parse(string json)
    {
        if (json.Length == 0)
            return string.Empty;
        OCIPlatform platform;
        try
        {
            platform = WireJson.Read<OCIPlatform>(System.Text.Encoding.UTF8.GetBytes(json)) ?? new OCIPlatform();
        }
        catch (JsonException e)
        {
            throw TareException.Invalid("failed to parse platform: it is no JSON object with os and architecture", e);
        }

        var hasMore = !string.IsNullOrEmpty(platform.Variant) || !string.IsNullOrEmpty(platform.OsVersion) || platform.OsFeatures is { Count: > 0 };
        if (platform.Os.Length == 0 && platform.Architecture.Length == 0 && hasMore)
            throw TareException.Invalid("optional platform fields provided, but OS and Architecture are missing");
        if (platform.Os.Length == 0 || platform.Architecture.Length == 0)
            throw TareException.Invalid("both OS and Architecture must be provided");
        return PlatformSpecifier.Format(new OciPlatform { Os = platform.Os, Architecture = platform.Architecture, Variant = platform.Variant });
    }
}
