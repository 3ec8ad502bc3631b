using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;

namespace Tare.EndToEnd.Harness;

/// <summary>Images made by hand, byte by byte the same each time, from the distribution's static busybox.</summary>
internal static class BaseImage
{
    private static readonly Lazy<byte[]> Layer = new(MakeLayer);

    public static byte[] BusyboxLayer => Layer.Value;

    public static async Task LoadAsync(EngineApi api)
    {
        using MemoryStream archive = new(new ImageArchive { Layers = { BusyboxLayer }, Command = ["sh"] }.Docker(Setup.Image));
        (int status, string body) = await api.LoadAsync(archive);
        Assert.True(status == 200 && !body.Contains("\"error\"", StringComparison.Ordinal), $"loading the base image: {status} {body}");
    }

    private static byte[] MakeLayer()
    {
        string busybox = Setup.Find("busybox") ?? throw new InvalidOperationException("no static busybox on PATH");
        string[] applets = Running.RunAsync(busybox, ["--list"]).GetAwaiter().GetResult().Ok().Lines;
        TarMaker tar = new();
        foreach (string folder in new[] { "bin", "dev", "etc", "home", "proc", "root", "sys", "var", "usr" })
            tar.Folder(folder);
        tar.Folder("tmp", UnixFileMode.StickyBit | (UnixFileMode)511);
        tar.File("bin/busybox", File.ReadAllBytes(busybox), (UnixFileMode)493);
        foreach (string applet in applets.Where(applet => applet != "busybox").Order(StringComparer.Ordinal))
            tar.Link("bin/" + applet, "busybox");
        tar.File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n"u8.ToArray());
        tar.File("etc/group", "root:x:0:\nstaff:x:50:user\nuser:x:1000:\n"u8.ToArray());
        return tar.End();
    }
}

/// <summary>A tar archive with fixed times and owners.</summary>
internal sealed class TarMaker
{
    private readonly MemoryStream stream = new();
    private readonly TarWriter writer;

    public TarMaker() => writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true);

    public TarMaker Folder(string name, UnixFileMode mode = (UnixFileMode)493) => Add(TarEntryType.Directory, name + "/", mode, null, null);

    public TarMaker File(string name, byte[] data, UnixFileMode mode = (UnixFileMode)420) => Add(TarEntryType.RegularFile, name, mode, data, null);

    public TarMaker Link(string name, string target) => Add(TarEntryType.SymbolicLink, name, (UnixFileMode)511, null, target);

    public TarMaker HardLink(string name, string target) => Add(TarEntryType.HardLink, name, (UnixFileMode)420, null, target);

    public byte[] End()
    {
        writer.Dispose();
        return stream.ToArray();
    }

    private TarMaker Add(TarEntryType type, string name, UnixFileMode mode, byte[]? data, string? target)
    {
        UstarTarEntry entry = new(type, name) { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch, Uid = 0, Gid = 0 };
        if (target is not null)
            entry.LinkName = target;
        if (data is not null)
            entry.DataStream = new MemoryStream(data);
        writer.WriteEntry(entry);
        return this;
    }
}

/// <summary>An image as an archive, in either of the two layouts that `load` takes.</summary>
internal sealed class ImageArchive
{
    public List<byte[]> Layers { get; } = [];

    public string[] Command { get; init; } = ["sh"];

    public string[] Variables { get; init; } = ["PATH=/bin"];

    public string Architecture { get; init; } = HostArchitecture;

    public static string HostArchitecture =>
        System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    /// <summary>Changes a document on its way into the archive; for archives that lie.</summary>
    public Func<string, byte[], byte[]> Tamper { get; init; } = (_, data) => data;

    public string Id => Digest(Config());

    public byte[] Docker(string? name)
    {
        byte[] config = Config();
        TarMaker tar = new();
        string[] files = Layers.Select(layer => Hex(layer) + "/layer.tar").ToArray();
        tar.File(Hex(config) + ".json", Tamper("config", config));
        for (int i = 0; i < files.Length; i++)
        {
            tar.Folder(Path.GetDirectoryName(files[i])!);
            tar.File(files[i], Tamper("layer", Layers[i]));
        }
        string tags = name is null ? "null" : $"[\"{name}\"]";
        tar.File("manifest.json", Tamper("manifest", Encoding.UTF8.GetBytes($$"""[{"Config":"{{Hex(config)}}.json","RepoTags":{{tags}},"Layers":[{{Quote(files)}}]}]""")));
        return tar.End();
    }

    /// <summary>One name for several platforms, as an OCI layout.</summary>
    public static byte[] Platforms(string name, params ImageArchive[] platforms)
    {
        Dictionary<string, byte[]> blobs = [];
        List<string> listed = [];
        foreach (ImageArchive image in platforms)
        {
            byte[] manifest = image.Manifest();
            foreach (byte[] blob in image.Layers.Append(image.Config()).Append(manifest))
                blobs[Hex(blob)] = blob;
            listed.Add(Descriptor("application/vnd.oci.image.manifest.v1+json", manifest)[..^1] + $$""","platform":{"architecture":"{{image.Architecture}}","os":"linux"} """ + "}");
        }
        byte[] index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{string.Join(',', listed)}}]}""");
        blobs[Hex(index)] = index;
        string annotated = Descriptor("application/vnd.oci.image.index.v1+json", index);
        annotated = annotated[..^1] + $$""","annotations":{"io.containerd.image.name":"docker.io/{{name}}","org.opencontainers.image.ref.name":"latest"} """ + "}";
        TarMaker tar = new();
        tar.File("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());
        tar.File("index.json", Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{annotated}}]}"""));
        tar.Folder("blobs");
        tar.Folder("blobs/sha256");
        foreach ((string hex, byte[] blob) in blobs)
            tar.File("blobs/sha256/" + hex, blob);
        return tar.End();
    }

    public byte[] Oci(string name)
    {
        byte[] config = Config();
        byte[] manifest = Manifest();
        string annotated = Descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
        annotated = annotated[..^1] + $$""","annotations":{"io.containerd.image.name":"docker.io/{{name}}","org.opencontainers.image.ref.name":"latest"} """ + "}";
        TarMaker tar = new();
        tar.File("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());
        tar.Folder("blobs");
        tar.Folder("blobs/sha256");
        tar.File("blobs/sha256/" + Hex(config), Tamper("config", config));
        foreach (byte[] layer in Layers)
            tar.File("blobs/sha256/" + Hex(layer), Tamper("layer", layer));
        tar.File("blobs/sha256/" + Hex(manifest), Tamper("manifest", manifest));
        tar.File("index.json", Tamper("index", Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{annotated}}]}""")));
        return tar.End();
    }

    public static string Digest(byte[] data) => "sha256:" + Hex(data);

    /// <summary>Its OCI manifest.</summary>
    public byte[] Manifest()
    {
        string layers = string.Join(',', Layers.Select(layer => Descriptor("application/vnd.oci.image.layer.v1.tar", layer)));
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{Descriptor("application/vnd.oci.image.config.v1+json", Config())}},"layers":[{{layers}}]}""");
    }

    private byte[] Config() => Encoding.UTF8.GetBytes(
        $$"""{"architecture":"{{Architecture}}","os":"linux","created":"2025-01-01T00:00:00Z","config":{"Env":[{{Quote(Variables)}}],"Cmd":[{{Quote(Command)}}]},"rootfs":{"type":"layers","diff_ids":[{{Quote(Layers.Select(Digest))}}]},"history":[{{string.Join(',', Layers.Select(_ => """{"created":"2025-01-01T00:00:00Z","created_by":"tests"}"""))}}]}""");

    private static string Descriptor(string type, byte[] data) => $$"""{"mediaType":"{{type}}","digest":"{{Digest(data)}}","size":{{data.Length}}}""";

    private static string Quote(IEnumerable<string> values) => string.Join(',', values.Select(value => $"\"{value}\""));

    private static string Hex(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));
}
