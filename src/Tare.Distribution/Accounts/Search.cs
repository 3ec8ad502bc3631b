using System.Globalization;
using System.Text.Json;
using Tare.Distribution.Authentication;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Accounts;

/// <summary>Searches an index (Docker's registry API v1), as Docker's daemon does.</summary>
/// <param name="insecure">Who may be insecure.</param>
/// <param name="open">Makes a session with the credentials of who searches.</param>
/// <param name="sender">Sends.</param>
internal sealed class Search(InsecureRegistries insecure, Func<Endpoint, EndpointSession> open, Sender sender)
{
    private const int DefaultLimit = 25;
    private const int MaxLimit = 100;
    private const string OfficialPrefix = "library/";

    /// <summary>Searches.</summary>
    internal async Task<SearchAnswer> RunAsync(string term, int limit, Credentials credentials, CancellationToken ct)
    {
        if (term.Contains("://", StringComparison.Ordinal))
            throw TareException.Invalid($"invalid repository name: repository name ({term}) should not have a scheme");
        if (limit == 0) limit = DefaultLimit;
        if (limit is < 1 or > MaxLimit) throw TareException.Invalid($"limit {limit} is outside the range of [1, {MaxLimit}]");
        var (index, words) = Split(term);
        var isHub = index is RegistryHosts.Hub or RegistryHosts.HubIndex;
        if (isHub && words.StartsWith(OfficialPrefix, StringComparison.Ordinal)) words = words[OfficialPrefix.Length..];

        var endpoint = isHub ? new Endpoint($"https://{RegistryHosts.HubIndex}", IsInsecure: false) : await FindAsync(index, ct);
        var address = new Uri($"{endpoint.Base}/v1/search?q={Uri.EscapeDataString(words)}&n={limit.ToString(CultureInfo.InvariantCulture)}");
        using var answer = await AskAsync(endpoint, new RegistryRequest(HttpMethod.Get, address), credentials, ct);
        if (answer.Status != 200) throw new RegistryException(ErrorKind.Internal, $"Unexpected status code {answer.Status}", status: answer.Status);
        try
        {
            return JsonSerializer.Deserialize(await answer.ReadAsync(Limits.Listing, "the search result", ct), DistributionJson.Default.SearchAnswer) ?? new SearchAnswer();
        }
        catch (JsonException e)
        {
            throw new RegistryException(ErrorKind.Internal, $"error decoding registry search results: {Refusal.Clean(e.Message)}", inner: e);
        }
    }

    /// <summary>Parts the index from the words, as Docker does: what looks like a host is one.</summary>
    internal static (string Index, string Words) Split(string term)
    {
        var slash = term.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return (RegistryHosts.Hub, term);
        var first = term[..slash];
        return first == "localhost" || first.AsSpan().ContainsAny('.', ':') ? (first, term[(slash + 1)..]) : (RegistryHosts.Hub, term);
    }

    private async Task<Answer> AskAsync(Endpoint endpoint, RegistryRequest request, Credentials credentials, CancellationToken ct)
    {
        if (credentials.IdentityToken.Length == 0) return await sender.SendAsync(request, endpoint, TokenServer.BasicHeader(credentials), ct);

        // Who has a token instead of a password gets another one for it where the images are.
        var session = open(endpoint);
        await session.PingAsync(ct);
        return await session.SendAsync(request, ct);
    }

    private async Task<Endpoint> FindAsync(string host, CancellationToken ct)
    {
        var isInsecure = await insecure.ContainsAsync(host, ct);
        var endpoint = new Endpoint($"https://{host}", isInsecure);
        try
        {
            await PingAsync(endpoint, ct);
            return endpoint;
        }
        catch (RegistryException e) when (!isInsecure)
        {
            throw new RegistryException(
                ErrorKind.InvalidArgument,
                $"invalid registry endpoint {endpoint.Base}/v1/: {e.Message}. If this private registry supports only HTTP or HTTPS with an unknown CA certificate, please add `--insecure-registry {host}` to the daemon's arguments. In the case of HTTPS, if you have access to the registry's CA certificate, no need for the flag; simply place the CA certificate at /etc/docker/certs.d/{host}/ca.crt",
                inner: e);
        }
        catch (RegistryException e)
        {
            var plain = new Endpoint($"http://{host}", isInsecure);
            try
            {
                await PingAsync(plain, ct);
                return plain;
            }
            catch (RegistryException second)
            {
                throw new RegistryException(
                    ErrorKind.InvalidArgument, $"invalid registry endpoint \"{plain.Base}/v1/\". HTTPS attempt: {e.Message}. HTTP attempt: {second.Message}", inner: second);
            }
        }
    }

    // Whoever answers at all is there.
    private async Task PingAsync(Endpoint endpoint, CancellationToken ct)
    {
        using var answer = await sender.SendAsync(new RegistryRequest(HttpMethod.Get, new Uri($"{endpoint.Base}/v1/_ping")), endpoint, null, ct);
    }
}
