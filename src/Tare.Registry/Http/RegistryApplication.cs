using System.Globalization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Tare.Errors;
using Tare.Registry.Access;
using Tare.Registry.Metrics;

namespace Tare.Registry.Http;

/// <summary>From a request to its endpoint, from an exception to its response, and a line in the log for each.</summary>
internal sealed class RegistryApplication(Endpoints endpoints, Gatekeeper gatekeeper, RegistryMetrics metrics, AccessLog accessLog, ServerOptions options) : IHttpApplication<Exchange>
{
    /// <summary>errno values in the low bits of an IOException's HResult, as .NET has them on Unix.</summary>
    private const int NoSpace = 28;
    private const int OverQuota = 122;

    private static readonly StringValues ApiVersion = "registry/2.0";
    private static readonly StringValues NoSniff = "nosniff";

    public Exchange CreateContext(IFeatureCollection contextFeatures) => new(contextFeatures, options.Time.GetTimestamp());

    public void DisposeContext(Exchange context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(Exchange context)
    {
        if (context.Route.IsApi) context.Headers["Docker-Distribution-Api-Version"] = ApiVersion;
        context.Headers.XContentTypeOptions = NoSniff;
        try
        {
            await gatekeeper.AdmitAsync(context);
            await endpoints.ServeAsync(context);
        }
        catch (Exception e) when (context.Gone.IsCancellationRequested)
        {
            // Nobody is left to answer, and what failed because of it is no error.
            _ = e;
        }
        catch (Exception e)
        {
            await FailAsync(context, e);
        }

        var elapsed = options.Time.GetElapsedTime(context.Started);
        metrics.Count(context, elapsed);
        accessLog.Write(context, elapsed);
    }

    private async Task FailAsync(Exchange context, Exception error)
    {
        var refusal = error switch
        {
            RefusalException known => known,
            BadHttpRequestException bad => new RefusalException(bad.StatusCode, "UNSUPPORTED", bad.Message),
            // What an upstream said, or that it did not.
            Distribution.RegistryException { Status: StatusCodes.Status429TooManyRequests } e => RefusalException.TooManyRequests(e.Message),
            Distribution.RegistryException e => new RefusalException(StatusCodes.Status502BadGateway, "UNAVAILABLE", e.Message),
            TareException { Kind: ErrorKind.Unavailable } e => new RefusalException(StatusCodes.Status503ServiceUnavailable, "UNAVAILABLE", e.Message),
            IOException e when (e.HResult & 0xFFFF) is NoSpace or OverQuota => RefusalException.NoRoom("the registry's disk is full"),
            _ => new RefusalException(StatusCodes.Status500InternalServerError, "UNKNOWN", "the registry failed; its log says why"),
        };
        if (refusal.Status >= StatusCodes.Status500InternalServerError)
            options.Log(RegistryLogLevel.Error, $"{context.Method} {context.Target}: {(error is TareException or RefusalException or IOException ? error.Message : error)}");
        if (context.HasStarted)
        {
            context.Abandon();
            return;
        }

        if (refusal.Status == StatusCodes.Status401Unauthorized) gatekeeper.Challenge(context);
        if (refusal.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable) context.Headers.RetryAfter = "1";
        try
        {
            if (context.Route.IsApi)
                await context.JsonAsync(refusal.Status, ContentTypes.Json, json => ErrorBody.Write(json, refusal.Code, refusal.Message, refusal.Detail));
            else
                await endpoints.Web.FailAsync(context, refusal.Status, refusal.Message);
        }
        catch (Exception e) when (context.Gone.IsCancellationRequested || e is IOException)
        {
            options.Log(RegistryLogLevel.Debug, string.Create(CultureInfo.InvariantCulture, $"{context.Method} {context.Target}: the client did not take the answer {refusal.Status}"));
        }
    }
}
