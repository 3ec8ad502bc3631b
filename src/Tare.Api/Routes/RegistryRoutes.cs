using System.Text;
using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>Registries: pull, push, login, search. Credentials come with each request, and are kept by nobody.</summary>
internal sealed class RegistryRoutes(IRegistryBackend registries)
{
    /// <summary>The name that stands for an empty image in Dockerfiles.</summary>
    private const string NoImage = "scratch";

    internal IEnumerable<Route> All() =>
    [
        new("POST", "/auth", LoginAsync),
        new("GET", "/images/search", SearchAsync),
        new("POST", "/images/{name}/push", PushAsync),
        new("GET", "/distribution/{name}/json", InspectAsync, Since: 30),
    ];

    /// <summary>POST /images/create with an image to fetch.</summary>
    internal async Task PullAsync(ApiContext context, string image)
    {
        var query = context.Query;
        var platform = context.Version.Before(32) ? "" : query["platform"];
        if (platform.Length > 0)
            platform = PlatformSpecifier.Format(PlatformSpecifier.Parse(platform));
        // Old clients put a colon behind a name of which they want all tags.
        var reference = Reference.Parse(image.EndsWith(':') ? image[..^1] : image);
        if (query.Text("tag") is { } tag)
            reference = Digest.TryParse(tag, out var digest) ? reference.WithoutTagAndDigest().WithDigest(digest) : reference.WithTag(tag);
        if (reference.FamiliarName == NoImage)
            throw new TareException(ErrorKind.Forbidden, $"'{NoImage}' is a reserved name");
        await StreamAsync(
            context,
            (progress, cancellationToken) => registries.PullAsync(
                reference.Name, reference.TagOrDigest ?? "", platform, Credentials(context), progress, cancellationToken));
    }

    private async Task PushAsync(ApiContext context)
    {
        var reference = Reference.Parse(context.Name);
        if (context.Query.Text("tag") is { } tag)
        {
            if (!reference.Digest.IsEmpty)
                throw TareException.Invalid("cannot import digest reference");
            reference = reference.WithTag(tag);
        }

        // Clients sent a platform before there was one, and meant nothing by it.
        var platform = context.Version.Before(46) ? "" : PlatformParameter.Parse(context.Query["platform"]);
        await StreamAsync(
            context,
            (progress, cancellationToken) => registries.PushAsync(reference.Name, reference.Tag ?? "", platform, Credentials(context), progress, cancellationToken));
    }

    private async Task LoginAsync(ApiContext context)
    {
        var credentials = await JsonBody.ReadAsync<AuthConfig>(context, context.Peer.Stopping) ?? throw TareException.Invalid("invalid JSON: got EOF while reading request body");
        await context.JsonAsync(200, await registries.LoginAsync(WithUser(credentials), context.Peer.Gone));
    }

    private async Task SearchAsync(ApiContext context)
    {
        var query = context.Query;
        int limit;
        try
        {
            limit = query.Integer("limit") ?? 0;
        }
        catch (TareException e)
        {
            throw TareException.Invalid($"invalid limit specified: {e.Message}", e);
        }

        if (limit < 0)
            throw TareException.Invalid($"invalid limit specified: {limit} is negative");
        await context.JsonAsync(200, await registries.SearchAsync(query["term"], limit, Filters.Parse(query["filters"]), Credentials(context), context.Peer.Gone));
    }

    private async Task InspectAsync(ApiContext context)
        => await context.JsonAsync(200, await registries.InspectAsync(context.Name, Credentials(context), context.Peer.Gone));

    /// <summary>
    /// Success is announced with the first message. What fails before has a status of its own; what fails after it is told on the stream.
    /// Whoever goes away ends the transfer.
    /// </summary>
    private static Task StreamAsync(ApiContext context, Func<Func<ProgressMessage, ValueTask>, CancellationToken, Task> transfer) =>
        ProgressLines.RunAsync(context, progress => transfer(progress, context.Peer.Gone), context.Peer.Gone);

    /// <summary>A header that is missing or makes no sense is nobody, as with Docker: many things need no credentials.</summary>
    private static AuthConfig Credentials(ApiContext context) => WithUser(AuthConfig.Decode(context.RequestHeaders[AuthConfig.Header]));

    /// <summary>Some clients send name and password as one text in base64, as their files have it.</summary>
    private static AuthConfig WithUser(AuthConfig credentials)
    {
        if (credentials.Username is not null || credentials.Auth is null)
            return credentials;
        var bytes = new byte[credentials.Auth.Length];
        if (!Convert.TryFromBase64String(credentials.Auth, bytes, out var count))
            return credentials;
        var text = Encoding.UTF8.GetString(bytes, 0, count);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon <= 0 ? credentials : credentials with { Username = text[..colon], Password = text[(colon + 1)..], Auth = null };
    }
}
