using Tare.Distribution.Tests.Harness;
using Tare.Oci;

namespace Tare.Distribution.Tests.Endpoints;

public sealed class ConnectionTests
{
    private const string Document = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}""";

    [Fact]
    public async Task A_name_is_tried_by_all_its_addresses()
    {
        // "localhost" is ::1 too, where nobody listens.
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, Document));
        var name = Reference.Parse($"localhost:{fixture.Server.Host.Split(':')[1]}/team/app");
        await fixture.Client.Open(name, Credentials.Anonymous, RepositoryAccess.Pull).GetManifestAsync("v1", RegistryFixture.Token);
    }

    [Fact]
    public async Task A_registry_that_may_be_without_TLS_is_asked_with_it_first()
    {
        await using var fixture = new RegistryFixture(_ => Reply.Of(200, Document));
        var repository = fixture.Open();
        await repository.GetManifestAsync("v1", RegistryFixture.Token);
        await repository.GetManifestAsync("v2", RegistryFixture.Token);
        Assert.Equal("/v2/", (await fixture.Server.ArrivalAsync()).Target); // once, for both
        Assert.Equal(2, fixture.Server.Requests.Count);
    }

    [Theory]
    [InlineData("127.0.0.1:1/x", "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused")]
    [InlineData("nosuch.invalid/x", "Get \"https://nosuch.invalid/v2/\": dial tcp: lookup nosuch.invalid: ")]
    public async Task Nobody_at_home_is_told_as_Go_tells_it(string name, string expected)
    {
        using var client = new RegistryClient(new RegistryOptions { CertificateDirectories = [] }, new ManualTime());
        var error = await Assert.ThrowsAsync<RegistryException>(() =>
            client.Open(Reference.Parse(name), Credentials.Anonymous, RepositoryAccess.Pull).GetManifestAsync("v1", RegistryFixture.Token));
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_comes_back_is_found()
    {
        var port = 0;
        await using (var first = new ScriptedServer(_ => Reply.Of(200))) port = int.Parse(first.Host.Split(':')[1]);
        using var client = new RegistryClient(new RegistryOptions { CertificateDirectories = [] }, new ManualTime());
        var repository = client.Open(Reference.Parse($"127.0.0.1:{port}/x"), Credentials.Anonymous, RepositoryAccess.Pull);
        await Assert.ThrowsAsync<RegistryException>(() => repository.GetManifestAsync("v1", RegistryFixture.Token));
        await using var second = new ScriptedServer(_ => Reply.Of(200, Document), port: port);
        await repository.GetManifestAsync("v1", RegistryFixture.Token);
    }
}
