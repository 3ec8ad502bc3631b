using Tare.Distribution;
using Tare.Images.Pushing;
using Tare.Oci;

namespace Tare.Images.Tests;

/// <summary>Repositories of one registry in memory, to push to; what comes can be pulled from <see cref="Pullable"/>.</summary>
internal sealed class FakeTarget(string name, FakeTarget? sameRegistry = null) : IRemoteTarget
{
    private readonly Dictionary<string, FakeTarget> _registry = sameRegistry?._registry ?? [];

    public Reference Name { get; } = Reference.Parse(name);

    internal Dictionary<Digest, byte[]> Blobs { get; } = [];

    internal Dictionary<string, RemoteManifest> Manifests { get; } = [];

    internal List<string> Log { get; } = [];

    internal int MinimumChunk { get; set; }

    /// <summary>Is asked before a chunk is taken.</summary>
    internal Action? Taking { get; set; }

    internal int OpenUploads { get; private set; }

    public Task<long?> HeadBlobAsync(Digest digest, CancellationToken cancellationToken)
    {
        lock (Blobs) return Task.FromResult(Blobs.TryGetValue(digest, out var content) ? content.Length : (long?)null);
    }

    public Task<bool> HasManifestAsync(Digest digest, CancellationToken cancellationToken) => Task.FromResult(Manifests.ContainsKey(digest.ToString()));

    public Task<bool> TryMountAsync(Digest blob, string fromRepository, CancellationToken cancellationToken)
    {
        lock (Blobs)
        {
            _registry[Name.Path] = this;
            if (!_registry.TryGetValue(fromRepository, out var from) || !from.Blobs.TryGetValue(blob, out var content)) return Task.FromResult(false);
            Blobs[blob] = content;
            Log.Add("mount");
            return Task.FromResult(true);
        }
    }

    public Task<IUpload> BeginUploadAsync(CancellationToken cancellationToken)
    {
        lock (Blobs)
        {
            _registry[Name.Path] = this;
            OpenUploads++;
            return Task.FromResult<IUpload>(new Upload(this));
        }
    }

    public Task<Digest> PutManifestAsync(string tagOrDigest, string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var manifest = new RemoteManifest(mediaType, Digest.Of(content.Span), content.ToArray());
        Manifests[tagOrDigest] = Manifests[manifest.Digest.ToString()] = manifest;
        return Task.FromResult(manifest.Digest);
    }

    /// <summary>The same repository, to be pulled from.</summary>
    internal FakeRepository Pullable()
    {
        var repository = new FakeRepository(Name.Name);
        foreach (var blob in Blobs.Values) repository.AddBlob(blob);
        foreach (var (key, manifest) in Manifests) repository.Put(key, manifest.MediaType, manifest.Content);
        return repository;
    }

    private sealed class Upload(FakeTarget target) : IUpload
    {
        private readonly MemoryStream _content = new();
        private bool _finished;

        public int MinimumChunkLength => target.MinimumChunk;

        public async Task AppendAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            await Task.Yield();
            target.Taking?.Invoke();
            Assert.True(chunk.Length >= target.MinimumChunk);
            _content.Write(chunk.Span);
            lock (target.Blobs) target.Log.Add("chunk");
        }

        public async Task FinishAsync(Digest digest, ReadOnlyMemory<byte> last, CancellationToken cancellationToken)
        {
            await Task.Yield();
            target.Taking?.Invoke();
            _content.Write(last.Span);
            Assert.Equal(digest, Digest.Of(_content.ToArray()));
            lock (target.Blobs)
            {
                target.Blobs[digest] = _content.ToArray();
                target.Log.Add("blob");
                target.OpenUploads--;
                _finished = true;
            }
        }

        public ValueTask DisposeAsync()
        {
            if (!_finished) target.OpenUploads--;
            _finished = true;
            return ValueTask.CompletedTask;
        }
    }
}
