using System.Text;
using Tare.Images.Layers;
using Tare.Images.Roots;
using Tare.Linux;
using Tare.Store;

namespace Tare.Images.Tests;

/// <summary>An image store in a directory of its own.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly bool _keep;
    private bool _closed;

    internal TestStore(string? root = null, StorageOptions? storage = null, string? database = null)
    {
        _keep = root is not null;
        Root = root ?? Directory.CreateTempSubdirectory("tare-images-").FullName;
        Database = Database.Open(database ?? Path.Combine(Root, "tare.db"), ImageStore.Schema);
        Images = ImageStore.Open(Root, Database, TimeProvider.System, storage: storage);
    }

    internal string Root { get; }

    internal Database Database { get; }

    internal ImageStore Images { get; }

    internal LayerStore Layers => Images.Layers;

    /// <summary>What is on the disk beside the database, sorted.</summary>
    internal IReadOnlyList<string> Leftovers() =>
        [.. new[] { "layers", "content/sha256", "content/ingest", "containers" }
            .SelectMany(directory => Directory.EnumerateFileSystemEntries(Path.Combine(Root, directory)))
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal)];

    internal async Task<(LoadResult Result, string Messages)> LoadAsync(Stream archive, LoadOptions? options = null)
    {
        var events = new Collector();
        var result = await Images.LoadAsync(archive, options ?? new LoadOptions(), events, CancellationToken.None);
        return (result, events.Messages);
    }

    /// <summary>Closes the store, as the death of the engine would, and leaves its files.</summary>
    internal async Task CloseAsync()
    {
        if (_closed) return;
        _closed = true;
        await Images.DisposeAsync();
        Database.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (_keep) return;
        // The runtime's own removal fails on names that are no UTF-8.
        using var parent = Paths.Open(Path.GetDirectoryName(Root)!, Paths.Directory);
        DirectoryTree.Remove(parent, Encoding.UTF8.GetBytes(Path.GetFileName(Root)));
    }

    private sealed class Collector : IProgress<LoadEvent>
    {
        internal string Messages { get; private set; } = "";

        public void Report(LoadEvent value)
        {
            if (value is LoadMessage message) Messages += message.Text;
        }
    }
}
