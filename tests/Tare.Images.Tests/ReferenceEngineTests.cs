using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tare.Linux;
using Tare.Oci.Archives;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>A test that needs a Docker engine with the overlay2 driver on this machine, named by TARE_TEST_REFERENCE.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactWithReferenceEngineAttribute : FactAttribute
{
    public FactWithReferenceEngineAttribute()
    {
        if (ReferenceEngine.Host is null) Skip = "no reference engine: set TARE_TEST_REFERENCE to a Docker host such as unix:///var/run/docker.sock";
    }
}

/// <summary>The reference engine.</summary>
internal static class ReferenceEngine
{
    internal static string? Host { get; } = Environment.GetEnvironmentVariable("TARE_TEST_REFERENCE") is { Length: > 0 } host ? host : null;

    internal static string Docker(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("docker", ["-H", Host!, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + error.GetAwaiter().GetResult());
        return output.Trim();
    }
}

public sealed class ReferenceEngineTests : IDisposable
{
    private const string Name = "localhost/tare-test/reference:1";

    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("tare-reference-").FullName;

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);

    [FactWithReferenceEngine]
    public async Task With_a_reference_engine_every_file_is_as_docker_extracts_it_skipped_without_one()
    {
        var time = new TarTime(1_600_000_000, 123_456_789);
        (TarEntry, byte[]) At((TarEntry Entry, byte[] Content) file) => (file.Entry with { ModifiedAt = time }, file.Content);
        var random = new byte[300_000];
        new Random(1).NextBytes(random);
        var lower = Tar(
            At(Directory("./", 0x1C0)), At(Directory("bin/", 0x1ED)), At(File("bin/suid", "x", 0x9ED)), At(HardLink("bin/hard", "bin/suid")), At(Link("sh", "bin/suid")),
            At(Directory("tmp/", 0x3FF)), At(File("own", "y", 0x180, uid: 70_000)), At(Bytes("big", random)), At(File("implied/deep/file", "z")),
            At(Link("abs", "/bin")), At(File("bin/through", "t")), At(Link("dangling", "nowhere/else")),
            (new TarEntry { Type = TarEntryType.CharacterDevice, Name = B("dev"), DeviceMajor = 1, DeviceMinor = 3, Mode = 0x1B6, ModifiedAt = time }, []),
            (new TarEntry { Type = TarEntryType.Fifo, Name = B("fifo"), Mode = 0x1A4, Uid = 5, ModifiedAt = time }, []),
            (File("cap", "c").Entry with
            {
                ModifiedAt = time,
                Attributes = [new TarAttribute(B("security.capability"), [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), new TarAttribute(B("user.b"), [0, 255, 10])],
            }, B("c")),
            (new TarEntry { Type = TarEntryType.RegularFile, Name = [(byte)'l', 0xe9], Mode = 0x1A4, ModifiedAt = time }, []),
            At(Directory("gone/")), At(File("gone/x", "x")), At(File("away", "x")));
        var upper = Tar(At(File(".wh.away")), At(Directory("gone/", 0x1C0)), At(File("gone/.wh..wh..opq")), At(File("gone/new", "n")), At(File("own", "changed")));
        var archive = Path.Combine(_directory, "archive.tar");
        await System.IO.File.WriteAllBytesAsync(archive, Docker([lower, upper], null, Name));
        ReferenceEngine.Docker("load", "-i", archive);
        try
        {
            var saved = Path.Combine(_directory, "saved.tar");
            ReferenceEngine.Docker("save", "-o", saved, Name);
            var id = ReferenceEngine.Docker("image", "inspect", "-f", "{{.Id}}", Name);
            var size = ReferenceEngine.Docker("image", "inspect", "-f", "{{.Size}}", Name);
            var directories = ReferenceEngine.Docker("image", "inspect", "-f", "{{.GraphDriver.Data.LowerDir}}:{{.GraphDriver.Data.UpperDir}}", Name).Split(':');
            foreach (var path in new[] { archive, saved })
            {
                await using var store = new TestStore();
                await using var stream = System.IO.File.OpenRead(path);
                var image = (await store.LoadAsync(stream)).Result.Images[0].Image;
                Assert.Equal((id, size), (image.Id.ToString(), image.Size.ToString(CultureInfo.InvariantCulture)));
                for (var i = 0; i < directories.Length; i++) AssertSameTree(directories[i], image.LayerDirectories[i]);
            }
        }
        finally
        {
            ReferenceEngine.Docker("rmi", Name);
        }
    }

    private static void AssertSameTree(string expected, string actual)
    {
        var wanted = Describe(expected);
        var found = Describe(actual);
        Assert.True(wanted.Count > 3);
        Assert.Equal(string.Join('\n', wanted), string.Join('\n', found));
    }

    private static List<string> Describe(string root)
    {
        var lines = new List<string>();
        using var directory = Paths.Open(root, Paths.Directory);
        Describe(directory, "", lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static void Describe(Fd directory, string path, List<string> lines)
    {
        foreach (var entry in DirectoryTree.List(directory))
        {
            var name = path + "/" + Encoding.Latin1.GetString(entry.Name);
            Assert.Equal(0, NodeAttributes.Read(directory, entry.Name, out var status));
            var attributes = string.Join(' ', ExtendedAttributes.List(directory, entry.Name)
                .Select(attribute => $"{Encoding.UTF8.GetString(attribute)}={Convert.ToHexString(ExtendedAttributes.Get(directory, entry.Name, attribute)!)}"));
            // Implied directories have the time of the extraction, and so have whiteouts.
            var extracted = name is "/implied" or "/implied/deep" || status is { Type: FileSystem.TypeCharacterDevice, DeviceMajor: 0, DeviceMinor: 0 };
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{name} {Convert.ToString(status.Mode, 8)} {status.Uid}:{status.Gid} {status.DeviceMajor}:{status.DeviceMinor} "
                + $"{(extracted ? "now" : $"{status.ModifiedSeconds}.{status.ModifiedNanoseconds}")} {(entry.IsDirectory ? 0 : status.Links)} {Content(directory, entry.Name, status)} {attributes}"));
            if (!entry.IsDirectory) continue;
            using var child = BytePaths.TryOpenDirectory(directory, entry.Name, out _)!;
            Describe(child, name, lines);
        }
    }

    private static string Content(Fd directory, byte[] name, NodeStatus status)
    {
        if (status.Type == FileSystem.TypeSymbolicLink)
            return new FileInfo($"{directory.ProcPath}/{Encoding.UTF8.GetString(name)}").LinkTarget!;
        if (status.Type != FileSystem.TypeRegular) return "";
        using var file = BytePaths.TryOpen(directory, name, OpenFlags.ReadOnly, 0, out _)!;
        var content = new byte[status.Size];
        var length = 0;
        while (length < content.Length && Descriptors.Read(file, content.AsSpan(length)) is var count and > 0) length += count;
        return $"{length} {Convert.ToHexString(SHA256.HashData(content))}";
    }
}
