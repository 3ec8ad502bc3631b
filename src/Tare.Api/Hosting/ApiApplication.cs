using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Api.Routes;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Hosting;

/// <summary>From a request to its route, and from an exception to its response.</summary>
internal sealed class ApiApplication : IHttpApplication<ApiContext>
{
    private static readonly StringValues ApiVersionHeader = ApiVersions.Maximum;
    private static readonly StringValues No = "false";
    private static readonly StringValues Linux = "linux";

    private readonly ApiOptions options;
    private readonly RouteTable routes;
    private readonly StringValues server;

    internal ApiApplication(ApiBackends backends, ApiOptions options)
    {
        this.options = options;
        routes = AllRoutes.Of(backends, options);
        server = $"Tare/{backends.System.Version().Version} (linux)";
    }

    public ApiContext CreateContext(IFeatureCollection contextFeatures) => new(contextFeatures);

    public void DisposeContext(ApiContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(ApiContext context)
    {
        var headers = context.ResponseHeaders;
        headers["Api-Version"] = ApiVersionHeader;
        headers["Docker-Experimental"] = No;
        headers["Ostype"] = Linux;
        headers.Server = server;
        string? version = null;
        try
        {
            var path = RequestPath.Parse(context.Target);
            version = path.Version;
            await DispatchAsync(context, path);
        }
        catch (OperationCanceledException) when (context.Peer.Gone.IsCancellationRequested)
        {
            // Nobody is left to answer.
            context.AbandonHttp();
        }
        catch (Exception e)
        {
            await FailAsync(context, version, e);
        }
    }

    private Task DispatchAsync(ApiContext context, RequestPath path)
    {
        if (context.Method == HttpMethods.Options)
            return Task.CompletedTask;
        var route = routes.Find(context.Method, path.Path, out var variable);
        if (route is null)
            throw TareException.NotFound("page not found");

        if (path.Version is { } asked)
        {
            context.Version = ApiVersion.Parse(asked);
            if (context.Version < ApiVersion.Minimum)
                throw TareException.Invalid($"client version {asked} is too old. Minimum supported API version is {ApiVersions.Minimum}, please upgrade your client to a newer version");
            if (context.Version > ApiVersion.Maximum)
                throw TareException.Invalid($"client version {asked} is too new. Maximum supported API version is {ApiVersions.Maximum}");
            if (context.Version.Before(route.Since))
                throw TareException.Invalid($"{route.Method} {route.Pattern} requires minimum API version 1.{route.Since}");
        }

        context.Name = path.Path[variable];
        context.Query = Query.Parse(path.QueryString);
        return route.Handler(context);
    }

    private async Task FailAsync(ApiContext context, string? version, Exception error)
    {
        var (status, message) = error switch
        {
            TareException known => (HttpStatusMap.StatusOf(known.Kind), known.Message),
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            _ => (StatusCodes.Status500InternalServerError, error.Message),
        };
        if (status == StatusCodes.Status500InternalServerError)
            options.Log(ApiLogLevel.Error, $"{context.Method} {context.Target}: {(error is TareException ? message : error)}");
        if (error is ToldException)
            return;
        if (context.HasStarted)
        {
            // The head is out; only a broken connection can still say that something failed.
            context.AbandonHttp();
            return;
        }

        if (status == StatusCodes.Status304NotModified)
            context.Empty(status);
        else if (version is not null && ApiVersion.Parse(version) < ApiVersion.Minimum)
            await context.TextAsync(status, message + "\n");
        else
            await context.JsonAsync(status, new ErrorResponse { Message = message });
    }
}
