using System.Text;

namespace Tare.Linux.Tests;

/// <summary>Owners of whole trees. As root.</summary>
public sealed class OwnerTreeTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("tare-owner-test-").FullName;

    private string Tree => Path.Combine(home, "tree");

    public OwnerTreeTests() => Directory.CreateDirectory(Tree);

    public void Dispose()
    {
        using var parent = Paths.Open(Path.GetDirectoryName(home)!, Paths.Directory);
        DirectoryTree.Remove(parent, Encoding.UTF8.GetBytes(Path.GetFileName(home)));
    }

    [Fact]
    public void Everything_in_a_tree_is_given_away_and_nothing_that_links_lead_to()
    {
        File.WriteAllText(Path.Combine(home, "outside"), "");
        Directory.CreateDirectory(Path.Combine(home, "elsewhere/inner"));
        Directory.CreateDirectory(Path.Combine(Tree, "a/b"));
        File.WriteAllText(Path.Combine(Tree, "a/b/file"), "");
        File.CreateSymbolicLink(Path.Combine(Tree, "file-link"), "../outside");
        File.CreateSymbolicLink(Path.Combine(Tree, "a/folder-link"), Path.Combine(home, "elsewhere"));
        File.CreateSymbolicLink(Path.Combine(Tree, "dangling"), "nowhere");
        Change(1234, 5678);
        foreach (var name in (string[])["", "a", "a/b", "a/b/file", "file-link", "a/folder-link", "dangling"]) Assert.Equal((1234u, 5678u), OwnerOf(Path.Combine(Tree, name)));
        foreach (var name in (string[])["", "outside", "elsewhere", "elsewhere/inner"]) Assert.Equal((0u, 0u), OwnerOf(Path.Combine(home, name)));
    }

    [Fact]
    public void A_file_alone_and_one_with_two_names()
    {
        File.WriteAllText(Path.Combine(Tree, "one"), "");
        using (var directory = Paths.Open(Tree, Paths.Directory)) Assert.Equal(0, FileSystem.MakeHardLink(directory, "one"u8, directory, "two"u8));
        using (var file = Paths.Open(Path.Combine(Tree, "one"), OpenFlags.Path)) OwnerTree.Change(file, 7, 8);
        Assert.Equal((7u, 8u), OwnerOf(Path.Combine(Tree, "two")));
        Assert.Equal((0u, 0u), OwnerOf(Tree));
        Change(9, 9);
        Assert.Equal((9u, 9u), OwnerOf(Path.Combine(Tree, "one")));
    }

    [Fact]
    public void What_is_his_already_is_not_touched()
    {
        var file = Path.Combine(Tree, "file");
        File.WriteAllText(file, "");
        Change(7, 8);
        // chown(2) takes this permission from a file, whoever it belonged to.
        File.SetUnixFileMode(file, UnixFileMode.SetUser | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
        Change(7, 8);
        Assert.True(File.GetUnixFileMode(file).HasFlag(UnixFileMode.SetUser));
        Change(7, 9);
        Assert.False(File.GetUnixFileMode(file).HasFlag(UnixFileMode.SetUser));
    }

    [Fact]
    public void A_tree_may_be_deep_and_wide()
    {
        const int depth = 3000, width = 5000;
        for (var i = 0; i < width; i++) File.WriteAllText(Path.Combine(Tree, $"a-rather-long-name-of-a-file-{i}"), "");
        var directories = new List<Fd> { Paths.Open(Tree, Paths.Directory) };
        try
        {
            for (var i = 0; i < depth; i++)
            {
                var parent = directories[^1];
                Assert.Equal(0, FileSystem.MakeDirectory(parent, "deep-directory"u8, 0x1ED));
                // Beside it, so that each level has something to do after its first child.
                if (i % 100 == 0) Assert.Equal(0, FileSystem.MakeDirectory(parent, "beside"u8, 0x1ED));
                directories.Add(BytePaths.TryOpenDirectory(parent, "deep-directory"u8, out _)!);
                if (directories.Count > 2 && (directories.Count - 2) % 100 != 0)
                {
                    directories[^2].Dispose();
                    directories.RemoveAt(directories.Count - 2);
                }
            }
            var openBefore = Directory.GetFiles("/proc/self/fd").Length;
            Change(3, 4);
            Assert.True(Directory.GetFiles("/proc/self/fd").Length <= openBefore);
            foreach (var directory in directories)
            {
                var status = FileStatuses.Of(directory)!.Value;
                Assert.Equal((3u, 4u), (status.Uid, status.Gid));
                if (NodeAttributes.Read(directory, "beside"u8, out var beside) == 0) Assert.Equal((3u, 4u), (beside.Uid, beside.Gid));
            }
            Assert.All(Directory.EnumerateFiles(Tree), file => Assert.Equal((3u, 4u), OwnerOf(file)));
        }
        finally
        {
            foreach (var directory in directories) directory.Dispose();
        }
    }

    [Fact]
    public void Directories_that_become_links_meanwhile_lead_nowhere()
    {
        var outside = Path.Combine(home, "outside");
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "secret"), "");
        for (var i = 0; i < 200; i++) Directory.CreateDirectory(Path.Combine(Tree, $"d{i}"));
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i = (i + 1) % 200)
            {
                var path = Path.Combine(Tree, $"d{i}");
                Directory.Delete(path);
                File.CreateSymbolicLink(path, outside);
                File.Delete(path);
                Directory.CreateDirectory(path);
            }
        });
        swapper.Start();
        try
        {
            for (uint round = 1; round < 200; round++) Change(round, round);
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }
        Assert.Equal((0u, 0u), OwnerOf(outside));
        Assert.Equal((0u, 0u), OwnerOf(Path.Combine(outside, "secret")));
    }

    private void Change(uint uid, uint gid)
    {
        using var root = Paths.Open(Tree, OpenFlags.Path | Paths.Directory);
        OwnerTree.Change(root, uid, gid);
    }

    private static (uint, uint) OwnerOf(string path)
    {
        var status = FileStatuses.OfPath(path)!.Value;
        return (status.Uid, status.Gid);
    }
}
