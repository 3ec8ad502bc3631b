using Tare.Oci;

namespace Tare.Distribution.Tests.Harness;

/// <summary>A client with a clock of its own, and a scripted registry for it.</summary>
public sealed class RegistryFixture : IAsyncDisposable
{
    public RegistryFixture(Func<ReceivedRequest, Reply> answer, RegistryOptions? options = null)
    {
        Server = new ScriptedServer(answer);
        Client = new RegistryClient(options ?? new RegistryOptions { CertificateDirectories = [] }, Time);
    }

    public RegistryFixture(ScriptedServer server, RegistryOptions? options = null)
    {
        Server = server;
        Client = new RegistryClient(options ?? new RegistryOptions { CertificateDirectories = [] }, Time);
    }

    public ManualTime Time { get; } = new();

    public ScriptedServer Server { get; }

    public RegistryClient Client { get; }

    public Reference Name => Reference.Parse($"{Server.Host}/team/app");

    public static CancellationToken Token => CancellationToken.None;

    public RepositoryClient Open(RepositoryAccess access = RepositoryAccess.Pull, Credentials? credentials = null) =>
        Client.Open(Name, credentials ?? Credentials.Anonymous, access);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }
}
