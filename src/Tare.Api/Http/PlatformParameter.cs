using System.Text.Json;
using Tare.Errors;
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
        OCIPlatform? platform;
        try
        {
            platform = WireJson.Read<OCIPlatform>(System.Text.Encoding.UTF8.GetBytes(json));
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"failed to parse platform: {e.Message}", e);
        }

        if (platform is null || platform.Os.Length == 0 || platform.Architecture.Length == 0)
        {
            throw TareException.Invalid(platform is { Os: "", Architecture: "" } and not { Variant: null, OsVersion: null, OsFeatures: null }
                ? "optional platform fields provided, but OS and Architecture are missing"
                : "both OS and Architecture must be provided");
        }

        return $"{platform.Os}/{platform.Architecture}{(platform.Variant is null ? "" : "/" + platform.Variant)}";
    }
}
