using Tare.Distribution.Endpoints;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Accounts;

/// <summary>Checks credentials against a registry, as Docker's daemon does.</summary>
/// <param name="insecure">Who may be insecure.</param>
/// <param name="open">Makes a session with the credentials that are to be checked.</param>
/// <param name="sender">Sends.</param>
internal sealed class Login(InsecureRegistries insecure, Func<Endpoint, EndpointSession> open, Sender sender)
{
    private const string Succeeded = "Login Succeeded";

    /// <summary>Asks the registry by TLS, and one that may be insecure then without.</summary>
    internal async Task<LoginResult> RunAsync(string serverAddress, CancellationToken ct)
    {
        var named = serverAddress.Length == 0 ? RegistryHosts.HubIndex : HostPort.OfAddress(serverAddress);
        var host = RegistryHosts.Of(named);
        if (!Uri.TryCreate($"https://{host}", UriKind.Absolute, out _)) throw TareException.Invalid($"unable to parse server address: \"{serverAddress}\"");
        var isInsecure = host == named && await insecure.ContainsAsync(host, ct);
        try
        {
            return await TryAsync(new Endpoint($"https://{host}", isInsecure), ct);
        }
        catch (RegistryException e) when (isInsecure && e.Kind != ErrorKind.Unauthorized)
        {
            return await TryAsync(new Endpoint($"http://{host}", isInsecure), ct);
        }
    }

    private async Task<LoginResult> TryAsync(Endpoint endpoint, CancellationToken ct)
    {
        var session = open(endpoint);
        var request = new RegistryRequest(HttpMethod.Get, endpoint.Address(""));

        // Asked without credentials first: what an earlier answer wanted may have changed.
        using (var first = await sender.SendAsync(request, endpoint, null, ct))
        {
            if (first.Status == 401 && !first.IsForeign) session.Authorizer.Learn(first.Response);
        }

        using var answer = await session.SendAsync(request, ct);
        if (answer.Status == 200) return new LoginResult(Succeeded, session.Authorizer.RefreshToken);
        throw new RegistryException(
            ErrorKind.Internal,
            $"login attempt to {request.Target} failed with status: {answer.Status} {Failures.Refusal.Clean(answer.Response.ReasonPhrase ?? "")}",
            status: answer.Status);
    }
}
