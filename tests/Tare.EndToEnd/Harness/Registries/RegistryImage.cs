using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Tare.EndToEnd.Harness.Registries;

/// <summary>A blob of an image: its bytes, and what the manifest says of it, which may be a lie.</summary>
internal sealed record RegistryBlob(byte[] Bytes, string MediaType)
{
    public string Digest { get; init; } = RegistryImage.DigestOf(Bytes);

    public long Size { get; init; } = Bytes.Length;

    public string Descriptor => $$"""{"mediaType":"{{MediaType}}","digest":"{{Digest}}","size":{{Size}}}""";
}

/// <summary>An image as a registry has it, the same byte by byte each time.</summary>
internal sealed class RegistryImage
{
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";
    public const string GzipType = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string ZstdType = "application/vnd.oci.image.layer.v1.tar+zstd";

    private RegistryImage(RegistryBlob config, IReadOnlyList<RegistryBlob> layers)
    {
        Config = config;
        Layers = layers;
        Manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{ManifestType}}","config":{{config.Descriptor}},"layers":[{{string.Join(',', layers.Select(layer => layer.Descriptor))}}]}""");
    }

    public RegistryBlob Config { get; }

    public IReadOnlyList<RegistryBlob> Layers { get; }

    public byte[] Manifest { get; }

    /// <summary>The busybox layer and others with files of so many bytes, some of which do not compress.</summary>
    public static RegistryImage Make(params int[] sizes)
    {
        List<byte[]> archives = [BaseImage.BusyboxLayer];
        foreach ((int index, int size) in sizes.Index())
            archives.Add(new TarMaker().Folder($"layer{index}").File($"layer{index}/noise", Noise(size, index)).File($"layer{index}/zeros", new byte[size]).End());
        return Of(archives.Select(archive => (archive, new RegistryBlob(Gzip(archive), GzipType))));
    }

    /// <summary>An image of archives and of what the registry has for them.</summary>
    public static RegistryImage Of(IEnumerable<(byte[] Archive, RegistryBlob Blob)> layers)
    {
        List<(byte[] Archive, RegistryBlob Blob)> all = layers.ToList();
        return OfDiffIds(all.Select(layer => (DigestOf(layer.Archive), layer.Blob)));
    }

    public static RegistryImage OfDiffIds(IEnumerable<(string DiffId, RegistryBlob Blob)> layers, Func<RegistryBlob, RegistryBlob>? changed = null)
    {
        List<(string DiffId, RegistryBlob Blob)> all = layers.ToList();
        string diffIds = string.Join(',', all.Select(layer => $"\"{layer.DiffId}\""));
        string architecture = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";
        RegistryBlob config = new(
            Encoding.UTF8.GetBytes($$"""{"architecture":"{{architecture}}","os":"linux","created":"2025-01-01T00:00:00Z","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},"rootfs":{"diff_ids":[{{diffIds}}],"type":"layers"} }"""),
            "application/vnd.oci.image.config.v1+json");
        return new RegistryImage(changed?.Invoke(config) ?? config, all.ConvertAll(layer => layer.Blob));
    }

    /// <summary>The same image with another configuration.</summary>
    public RegistryImage With(RegistryBlob config) => new(config, Layers);

    /// <summary>The same image with another layer in a place; the configuration stays.</summary>
    public RegistryImage With(int index, RegistryBlob layer) => new(Config, [.. Layers.Take(index), layer, .. Layers.Skip(index + 1)]);

    public static string DigestOf(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static byte[] Gzip(ReadOnlySpan<byte> bytes, CompressionLevel level = CompressionLevel.Fastest)
    {
        MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, level, leaveOpen: true))
            gzip.Write(bytes);
        return compressed.ToArray();
    }

    /// <summary>An archive of one large file of zeros, a thousandth of its size.</summary>
    public static byte[] GzipBomb(long length)
    {
        const int piece = 64 << 20;
        MemoryStream bomb = new();
        bomb.Write(Gzip(Header(length)));
        byte[] zeros = Gzip(new byte[piece], CompressionLevel.SmallestSize);
        for (long done = 0; done < length; done += piece)
            bomb.Write(zeros);
        return bomb.ToArray();
    }

    /// <summary>As <see cref="GzipBomb"/>, in blocks of zstd that say "so many zeros" (RFC 8878, RLE blocks).</summary>
    public static byte[] ZstdBomb(long length)
    {
        MemoryStream bomb = new();
        byte[] header = Header(length);
        // A frame of a window of 128 KiB (exponent 7), without checksum and content size.
        bomb.Write([0x28, 0xB5, 0x2F, 0xFD, 0x00, 7 << 3]);
        Block(0, header.Length, header, last: false);
        const int piece = 128 << 10;
        for (long done = 0; done < length; done += piece)
            Block(1, piece, [0], last: done + piece >= length);
        return bomb.ToArray();

        void Block(int type, int size, byte[] content, bool last)
        {
            byte[] head = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(head, (size << 3) | (type << 1) | (last ? 1 : 0));
            bomb.Write(head, 0, 3);
            bomb.Write(content);
        }
    }

    private static byte[] Noise(int length, int seed)
    {
        byte[] noise = new byte[length];
#pragma warning disable CA5394 // the same bytes each time
        new Random(seed).NextBytes(noise);
#pragma warning restore CA5394
        return noise;
    }

    private static byte[] Header(long length)
    {
        byte[] header = new byte[512];
        "bomb"u8.CopyTo(header);
        "0000644"u8.CopyTo(header.AsSpan(100));
        "0000000"u8.CopyTo(header.AsSpan(108));
        "0000000"u8.CopyTo(header.AsSpan(116));
        Encoding.ASCII.GetBytes(Convert.ToString(length, 8).PadLeft(11, '0')).CopyTo(header.AsSpan(124));
        "00000000000"u8.CopyTo(header.AsSpan(136));
        "        0"u8.CopyTo(header.AsSpan(148));
        "ustar\0"u8.CopyTo(header.AsSpan(257));
        "00"u8.CopyTo(header.AsSpan(263));
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(value => (int)value), 8).PadLeft(6, '0') + "\0 ").CopyTo(header.AsSpan(148));
        return header;
    }
}
