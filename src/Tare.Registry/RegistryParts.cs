using Tare.Errors;
using Tare.Linux;
using Tare.Registry.Blobs;
using Tare.Registry.Collection;
using Tare.Registry.Configuration;
using Tare.Registry.Manifests;
using Tare.Registry.Metadata;
using Tare.Registry.Metrics;
using Tare.Registry.Quotas;
using Tare.Registry.Uploads;
using Tare.Store;

namespace Tare.Registry;

/// <summary>What a server and a command that does without one have in common: the root, opened, and what works on it.</summary>
internal sealed class RegistryParts : IDisposable
{
    private readonly Fd owned;

    private RegistryParts(Fd owned, ServerOptions options)
    {
        this.owned = owned;
        Config = new ConfigFile(options.ConfigFile, options.Log);
        Database = Database.Open(Path.Combine(options.Root, "registry.db"), RegistrySchema.Owner);
        Files = new BlobFiles(options.Root);
        Quotas = new QuotaCheck(Database, Config);
        Uploads = new UploadStore(options.Root, Database, Files, Quotas, Metrics, options.Time);
        Pulls = new PullTimes(Database);
        Collector = new Collector(Database, Files, Uploads, Metrics, options);
        Retention = new Retention(Database, Config, Pulls, options.Time);
    }

    internal ConfigFile Config { get; }

    internal Database Database { get; }

    internal BlobFiles Files { get; }

    internal QuotaCheck Quotas { get; }

    internal UploadStore Uploads { get; }

    internal PullTimes Pulls { get; }

    internal RegistryMetrics Metrics { get; } = new();

    internal Collector Collector { get; }

    internal Retention Retention { get; }

    /// <exception cref="TareException">The root cannot be opened, another process has it, or the configuration is wrong.</exception>
    internal static RegistryParts Open(ServerOptions options)
    {
        // A wrong configuration leaves no folder.
        if (options.ConfigFile is { } path) ConfigFile.Read(path);
        var owned = RegistryRoot.Own(options.Root);
        try
        {
            return new RegistryParts(owned, options);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    /// <summary>Carries out what a command asks for (<see cref="Control.ControlSocket"/>).</summary>
    internal async Task<IReadOnlyList<string>> CarryOutAsync(string request, CancellationToken cancellationToken)
    {
        switch (request)
        {
            case "gc":
                return [(await Task.Run(() => Collector.RunAsync(cancellationToken), cancellationToken)).ToString()];
            case "retention" or "retention dry-run":
                return await Task.Run(() => Retention.Run(dryRun: request.EndsWith("dry-run", StringComparison.Ordinal)), cancellationToken);
            default:
                throw TareException.Invalid($"there is no command {request}");
        }
    }

    public void Dispose()
    {
        Collector.Dispose();
        Database.Dispose();
        owned.Dispose();
    }
}
