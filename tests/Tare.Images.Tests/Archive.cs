using System.Globalization;
using System.Text;
using System.Text.Json;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Compression;

namespace Tare.Images.Tests;

/// <summary>Makes archives for tests.</summary>
internal static class Archive
{
    internal static byte[] B(string text) => Encoding.UTF8.GetBytes(text);

    internal static (TarEntry Entry, byte[] Content) File(string name, string content = "", int mode = 0x1A4, long uid = 0) =>
        (new TarEntry { Type = TarEntryType.RegularFile, Name = B(name), Size = B(content).Length, Mode = mode, Uid = uid, Gid = uid }, B(content));

    internal static (TarEntry Entry, byte[] Content) Directory(string name, int mode = 0x1ED) =>
        (new TarEntry { Type = TarEntryType.Directory, Name = B(name), Mode = mode }, []);

    internal static (TarEntry Entry, byte[] Content) Link(string name, string target) =>
        (new TarEntry { Type = TarEntryType.SymbolicLink, Name = B(name), LinkName = B(target), Mode = 0x1FF }, []);

    internal static (TarEntry Entry, byte[] Content) HardLink(string name, string target) =>
        (new TarEntry { Type = TarEntryType.HardLink, Name = B(name), LinkName = B(target), Mode = 0x1A4 }, []);

    internal static byte[] Tar(params IEnumerable<(TarEntry Entry, byte[] Content)> entries)
    {
        var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var (entry, content) in entries) writer.Write(entry, content);
        writer.Finish();
        return stream.ToArray();
    }

    internal static byte[] Compress(CompressionKind kind, byte[] content)
    {
        if (kind == CompressionKind.None) return content;
        var target = new MemoryStream();
        using (var stream = Compressions.Compress(kind, target)) stream.Write(content);
        return target.ToArray();
    }

    internal static byte[] Config(IEnumerable<byte[]> layers, string comment = "") => B(JsonSerializer.Serialize(new
    {
        architecture = Platforms.Host.Architecture,
        os = "linux",
        created = "2024-02-03T04:05:06.123456789Z",
        comment,
        config = new { Cmd = new[] { "sh" }, Env = new[] { "A=b" } },
        rootfs = new { type = "layers", diff_ids = layers.Select(layer => Digest.Of(layer).ToString()).ToArray() },
    }));

    /// <summary>An archive as <c>docker save</c> wrote it up to Docker 24.</summary>
    internal static byte[] Docker(byte[][] layers, byte[]? config = null, params string[] tags)
    {
        config ??= Config(layers);
        var files = new List<(TarEntry, byte[])>();
        var paths = new List<string>();
        foreach (var (layer, i) in layers.Select((layer, i) => (layer, i)))
        {
            var id = Digest.Of(B(i.ToString(CultureInfo.InvariantCulture))).Hex;
            files.Add(Directory(id + "/"));
            files.Add(Bytes($"{id}/layer.tar", layer));
            files.Add(File($"{id}/VERSION", "1.0"));
            paths.Add($"{id}/layer.tar");
        }

        files.Add(Bytes($"{Digest.Of(config).Hex}.json", config));
        files.Add(Bytes("manifest.json", B(JsonSerializer.Serialize(new[] { new { Config = $"{Digest.Of(config).Hex}.json", RepoTags = tags, Layers = paths } }))));
        return Tar(files);
    }

    /// <summary>An OCI layout; blobs before or after the index.</summary>
    internal static byte[] Layout(byte[][] layers, CompressionKind kind, string? name, bool indexFirst = false)
    {
        var config = Config(layers);
        var stored = layers.Select(layer => Compress(kind, layer)).ToList();
        object Descriptor(string type, byte[] content) => new { mediaType = type, digest = Digest.Of(content).ToString(), size = content.Length };
        var manifest = B(JsonSerializer.Serialize(new
        {
            schemaVersion = 2,
            mediaType = "application/vnd.oci.image.manifest.v1+json",
            config = Descriptor("application/vnd.oci.image.config.v1+json", config),
            layers = stored.Select(layer => Descriptor("application/vnd.oci.image.layer.v1.tar", layer)).ToArray(),
        }));
        var annotations = new Dictionary<string, string>();
        if (name is not null) annotations.Add("io.containerd.image.name", name);
        var index = B(JsonSerializer.Serialize(new
        {
            schemaVersion = 2,
            manifests = new[] { new { mediaType = "application/vnd.oci.image.manifest.v1+json", digest = Digest.Of(manifest).ToString(), size = manifest.Length, annotations } },
        }));
        var head = new List<(TarEntry, byte[])> { File("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""), Bytes("index.json", index) };
        var blobs = stored.Append(config).Append(manifest).Select(blob => Bytes($"blobs/sha256/{Digest.Of(blob).Hex}", blob)).ToList();
        return Tar(indexFirst ? head.Concat(blobs) : blobs.Concat(head));
    }

    internal static (TarEntry Entry, byte[] Content) Bytes(string name, byte[] content) =>
        (new TarEntry { Type = TarEntryType.RegularFile, Name = B(name), Size = content.Length, Mode = 0x1A4 }, content);
}

/// <summary>A stream that cannot seek and gives little at a time, as a connection does.</summary>
internal sealed class Trickle(byte[] content, int piece) : Stream
{
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(Math.Min(piece, buffer.Length), content.Length - _position);
        content.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
