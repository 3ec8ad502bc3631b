using Tare.Distribution.Accounts;
using Tare.Distribution.Authentication;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Transport;
using Tare.Oci;

namespace Tare.Distribution;

/// <summary>
/// The client of registries (OCI distribution-spec 1.1), one for the process: it keeps connections, and tokens until they expire.
/// Thread-safe.
/// </summary>
public sealed class RegistryClient : IDisposable
{
    private readonly RegistryOptions _options;
    private readonly InsecureRegistries _insecure;
    private readonly Transports _transports;
    private readonly Sender _sender;
    private readonly ChallengeMemory _challenges = new();
    private readonly TokenCache _tokens;

    /// <summary>Creates a client; nothing is sent yet.</summary>
    public RegistryClient(RegistryOptions options, TimeProvider time)
    {
        _options = options;
        _insecure = new InsecureRegistries(options.InsecureRegistries);
        _transports = new Transports(options, time);
        _sender = new Sender(_transports, options.UserAgent, time);
        _tokens = new TokenCache(new TokenServer(_sender), time);
    }

    /// <summary>Opens a repository; nothing is sent yet.</summary>
    /// <param name="name">Its name; tag and digest do not matter.</param>
    /// <param name="credentials">Who asks. Mirrors are not told.</param>
    /// <param name="access">What is to be done. For pulling, the mirrors of the registry are asked first.</param>
    public RepositoryClient Open(Reference name, Credentials credentials, RepositoryAccess access)
    {
        IReadOnlyList<string> mirrors = access == RepositoryAccess.Pull ? _options.Mirrors.GetValueOrDefault(name.Domain) ?? [] : [];
        var scope = Scopes.Repository(name.Path, access);
        var chooser = new EndpointChooser(
            name.Domain,
            mirrors,
            _insecure,
            endpoint => Session(endpoint, endpoint.IsMirror ? Credentials.Anonymous : credentials, [scope]));
        return new RepositoryClient(name, chooser, _sender.Time);
    }

    /// <summary>Checks credentials (the Engine API's <c>POST /auth</c>).</summary>
    /// <param name="serverAddress">A host or an address; empty for Docker Hub.</param>
    /// <param name="credentials">What is to be checked.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="RegistryException">They are wrong, or nobody can be asked.</exception>
    public Task<LoginResult> LoginAsync(string serverAddress, Credentials credentials, CancellationToken ct) =>
        new Login(_insecure, endpoint => Session(endpoint, credentials, [], offline: true), _sender).RunAsync(serverAddress, ct);

    /// <summary>Searches the index of a registry, or of Docker Hub.</summary>
    /// <param name="term">What to look for, with the registry's host before it if it is not Docker Hub: <c>HOST/TERM</c>.</param>
    /// <param name="limit">The most results, from 1 to 100; 0 for 25.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="ct">Ends it.</param>
    public Task<SearchAnswer> SearchAsync(string term, int limit, Credentials credentials, CancellationToken ct) =>
        new Search(_insecure, endpoint => Session(endpoint, credentials, ["registry:catalog:search"]), _sender).RunAsync(term, limit, credentials, ct);

    /// <inheritdoc/>
    public void Dispose() => _transports.Dispose();

    private EndpointSession Session(Endpoint endpoint, Credentials credentials, IReadOnlyList<string> scopes, bool offline = false) =>
        new(endpoint, _sender, new Authorizer(_challenges, _tokens, endpoint, credentials, scopes, offline));
}
