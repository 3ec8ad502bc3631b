using Tare.Distribution.Authentication;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;

namespace Tare.Distribution.Endpoints;

/// <summary>Requests to one endpoint for one who asks: credentials are added where they belong, what may pass is tried again. Thread-safe.</summary>
internal sealed class EndpointSession(Endpoint endpoint, Sender sender, Authorizer authorizer)
{
    private const int MaxTries = 3;
    private const int MaxAuthorizations = 2;

    internal Endpoint Endpoint => endpoint;

    internal Authorizer Authorizer => authorizer;

    internal TimeProvider Time => sender.Time;

    /// <summary>Sends a request once, with credentials as they are asked for.</summary>
    /// <returns>The answer, whatever its status.</returns>
    /// <exception cref="RegistryException">There is none, or there are no credentials to answer a challenge with.</exception>
    internal async Task<Answer> SendAsync(RegistryRequest request, CancellationToken ct)
    {
        string? refused = null;
        for (var authorizations = 0; ; authorizations++)
        {
            string? authorization = null;
            if (endpoint.Owns(request.Target))
            {
                try
                {
                    authorization = await authorizer.HeaderAsync(request.ExtraScope, refused, ct);
                }
                catch (RegistryException e) when (e.Status != 0)
                {
                    // The token server refuses, or there is no password: Docker tells what it was needed for.
                    var code = e.Code.Length > 0 ? e.Code : RegistryCodes.Unauthorized;
                    throw new RegistryException(e.Kind, $"{Go(request.Method)} \"{request.Target.GetLeftPart(UriPartial.Path)}\": {e.Message}", code, e.Status, e)
                    {
                        IsTransient = e.IsTransient,
                        RetryAfter = e.RetryAfter,
                    };
                }
            }

            var answer = await sender.SendAsync(request, endpoint, authorization, ct);
            if (answer.Status != 401 || answer.IsForeign || authorizations == MaxAuthorizations || !authorizer.Learn(answer.Response, request.ExtraScope)) return answer;

            // The same name and password would be refused again.
            if (authorization is not null && !authorization.StartsWith("Bearer ", StringComparison.Ordinal)) return answer;
            refused = authorization;
            answer.Dispose();
        }
    }

    /// <summary>Sends a request that may be repeated and reads its answer, several times if need be. Mirrors are asked once: there are others.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="read">Makes a result of the answer.</param>
    /// <param name="ct">Ends it.</param>
    internal async Task<T> AskAsync<T>(RegistryRequest request, Func<Answer, Task<T>> read, CancellationToken ct)
    {
        var pause = new Backoff(Time, MaxTries);
        while (true)
        {
            try
            {
                using var answer = await SendAsync(request, ct);
                return await read(answer);
            }
            catch (RegistryException e) when (e.IsTransient && !endpoint.IsMirror && pause.TryFail(e))
            {
                await pause.WaitAsync(ct);
            }
        }
    }

    /// <summary>Finds out whether there is somebody who speaks HTTP, and what credentials he wants.</summary>
    /// <exception cref="RegistryException">There is nobody.</exception>
    internal async Task PingAsync(CancellationToken ct)
    {
        using var answer = await sender.SendAsync(new RegistryRequest(HttpMethod.Get, endpoint.Address("")), endpoint, null, ct);
        if (answer.Status == 401 && !answer.IsForeign) authorizer.Learn(answer.Response);
        else if (answer.Status == 200) authorizer.Forget();
    }

    private static string Go(HttpMethod method) => method.Method[..1] + method.Method[1..].ToLowerInvariant();
}
