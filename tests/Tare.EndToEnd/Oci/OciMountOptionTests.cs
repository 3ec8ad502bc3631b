using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>Id-mapped mounts, and what a tmpfs starts with (config.md, "Mounts").</summary>
public sealed class OciMountOptionTests(OciFixture oci) : OciTests(oci)
{
    [OciFact]
    public async Task Ids_of_a_mount_are_mapped()
    {
        OciBundle box = Bundle();
        string source = await Owned(box);
        box.Mount("/data", "bind", source, "bind");
        Mapped(box, 100000);
        box.Mount("/all", "bind", source, "rbind", "ridmap");
        Mapped(box, 200000);
        Assert.Equal("100000 101000\n200000 201000", await Output(box, "for d in /data /all; do echo $(stat -c %u $d/root $d/user); done"));
        Assert.Equal("0 1000", string.Join(' ', (await Running.RunAsync("stat", ["-c", "%u", source + "/root", source + "/user"])).Ok().Lines));
    }

    [OciFact]
    public async Task Ids_of_a_mount_are_mapped_as_those_of_the_containers_user_namespace()
    {
        OciBundle box = Bundle().Namespace("user").Set("linux.uidMappings", Mappings(100000)).Set("linux.gidMappings", Mappings(100000));
        string source = await Owned(box);
        (await Running.RunAsync("chown", ["-R", "100000:100000", box.Rootfs])).Ok();
        box.Mount("/data", "bind", source, "bind", "idmap").Mount("/plain", "bind", source, "bind");
        Assert.Equal("0 1000\n65534 65534", await Output(box, "for d in /data /plain; do echo $(stat -c %u $d/root $d/user); done; touch /data/made"));
        Assert.Equal("0", (await Running.RunAsync("stat", ["-c", "%u", source + "/made"])).Ok().Text);
    }

    [OciFact]
    public async Task A_filesystem_without_id_mapped_mounts_is_named()
    {
        OciBundle box = Bundle("true").Mount("/data", "bind", "/proc/sys", "bind");
        Mapped(box, 100000);
        Refused(await Run(box), 1, "/proc/sys", "id-mapped");
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare, Because = "runc does not copy extended attributes, crun no devices")]
    public async Task A_tmpfs_starts_with_a_copy_of_what_it_covers()
    {
        OciBundle box = Bundle().Mount("/data", "tmpfs", "tmpfs", "tmpcopyup", "size=1m");
        string folder = box.Rootfs + "/data";
        (await Running.RunAsync("sh", ["-e", "-c", """
            mkdir -p "$1/a/b" && cd "$1" && chmod 1777 .
            echo text >a/b/file && chown 12:34 a/b && chmod 2751 a/b
            ln -s /etc/shadow link && ln -s ../../../../etc/passwd up
            mknod null c 1 3 && chmod 666 null && mkfifo pipe
            truncate -s 64G sparse
            cp /bin/true setuid && chown 5:6 setuid && chmod 4755 setuid
            python3 -c 'import os; os.setxattr("setuid", "trusted.tare", b"kept")'
            """, "sh", folder])).Ok();
        const string Script = """
            cd /data; stat -c '%n %a %u %g %F' . a/b a/b/file link null pipe setuid; cat a/b/file; readlink link; readlink up; stat -c '%s %b' sparse; echo x >new; cat null
            """;
        string[] lines = (await Output(box, Script)).Split('\n');
        Assert.Equal([
            ". 1777 0 0 directory", "a/b 2751 12 34 directory", "a/b/file 644 0 0 regular file", "link 777 0 0 symbolic link", "null 666 0 0 character special file",
            "pipe 644 0 0 fifo", "setuid 4755 5 6 regular file", "text", "/etc/shadow", "../../../../etc/passwd", "68719476736 0"], lines);
        Assert.False(File.Exists(folder + "/new"));
    }

    [OciFact(Only = OciKinds.Tare, Because = "their words are others")]
    public async Task A_copy_ends_where_the_tmpfs_does()
    {
        OciBundle box = Bundle("true").Mount("/data", "tmpfs", "tmpfs", "tmpcopyup", "size=64k");
        Directory.CreateDirectory(box.Rootfs + "/data");
        await File.WriteAllBytesAsync(box.Rootfs + "/data/big", new byte[1 << 20]);
        Refused(await Run(box), 1, "/data", "tmpcopyup", "no space left");
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare, Because = "the others have no end")]
    public async Task A_tree_without_an_end_is_refused()
    {
        OciBundle box = Bundle("true").Mount("/data", "tmpfs", "tmpfs", "tmpcopyup", "size=8m");
        Directory.CreateDirectory(box.Rootfs + "/data" + string.Concat(Enumerable.Repeat("/d", 400)));
        Refused(await Run(box), 1, "/data", "tmpcopyup");
        await Gone(box.Id);
    }

    /// <summary>Seen to fail when copy_below opens without O_NOFOLLOW.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "the others copy by path")]
    public async Task A_tree_that_changes_meanwhile_gives_nothing_of_the_host_away()
    {
        const int Copies = 20, Rounds = 6, MostRounds = 300;
        OciBundle box = Bundle();
        string program = await HostileProgram.AddAsync(box);
        (string folder, string outside) = (Path.Combine(box.Folder, "volume"), Path.Combine(box.Folder, "outside"));
        for (int i = 0; i < Copies; i++)
            box.Bind(folder, $"/data{i}").Mount($"/data{i}", "tmpfs", "tmpfs", "tmpcopyup", "size=1m");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(outside + "/secret", "secret");
        Directory.CreateDirectory(folder + "/a");
        await File.WriteAllTextAsync(folder + "/a/secret", "");
        File.CreateSymbolicLink(folder + "/b", outside);
        using Running swap = Running.Start(program, ["swap", folder, "a", "b"]);
        await swap.SeeAsync("swapping");
        // A launch that meets a change at the wrong moment is refused, as it should be: what counts are those that have copied something.
        int copied = 0;
        for (int round = 0; copied < Rounds && round < MostRounds; round++)
        {
            Result result = await Run(box.Sh("cat /data*/*/secret; true"));
            Assert.Equal("", result.Out);
            if (result.Code == 0)
                copied++;
        }
        swap.Kill();
        Assert.Equal(Rounds, copied);
    }

    private static JsonArray Mappings(int first) => [new JsonObject { ["containerID"] = 0, ["hostID"] = first, ["size"] = 65536 }];

    private static void Mapped(OciBundle box, int first)
    {
        JsonObject mount = (JsonObject)((JsonArray)box.Config["mounts"]!)[^1]!;
        mount["uidMappings"] = Mappings(first);
        mount["gidMappings"] = Mappings(first);
    }

    /// <summary>A folder with a file of root's and one of a user's.</summary>
    private static async Task<string> Owned(OciBundle box)
    {
        string source = Path.Combine(box.Folder, "source");
        Directory.CreateDirectory(source);
        await File.WriteAllTextAsync(source + "/root", "");
        await File.WriteAllTextAsync(source + "/user", "");
        (await Running.RunAsync("chown", ["1000:1000", source + "/user"])).Ok();
        return source;
    }
}
