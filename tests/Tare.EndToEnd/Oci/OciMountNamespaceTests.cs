using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>
/// Containers without a mount namespace of their own. Each case is a script in a mount namespace that is thrown away afterwards, since
/// what fails here fails in the caller's.
/// </summary>
public sealed class OciMountNamespaceTests(OciFixture oci) : OciTests(oci)
{
    private const string Table = "cut -d' ' -f1-4,5-6,7- /proc/self/mountinfo | sort";

    [OciFact(Only = OciKinds.Tare, Because = "runc leaves the mounts, crun unmounts by path")]
    public async Task Its_mounts_are_undone_and_nothing_else_is_touched()
    {
        OciBundle box = Shared();
        string folder = box.Rootfs + "/before";
        Directory.CreateDirectory(folder);
        string[] lines = (await Script(box, $"""
            mount -t tmpfs before {folder}
            {Table} >{box.Folder}/before
            $tare run --detach --bundle {box.Folder} {box.Id} </dev/null >{box.Folder}/stdout 2>&1 || exit 1
            grep -c '{box.Rootfs}' /proc/self/mountinfo
            $tare exec {box.Id} sh -c 'ls -d /bin/busybox {box.Folder} 2>&1; grep -c " /proc " /proc/mounts'
            $tare delete --force {box.Id} || exit 2
            {Table} | diff {box.Folder}/before - && echo same
            """)).Ok().Lines;
        Assert.True(int.Parse(lines[0]) > 3, lines[0]);
        Assert.Contains("No such file", lines[1], StringComparison.Ordinal);
        Assert.Equal("/bin/busybox", lines[2]);
        Assert.Equal("same", lines[^1]);
    }

    [OciFact(Only = OciKinds.Tare, Because = "runc leaves the mounts, crun unmounts by path")]
    public async Task One_that_fails_leaves_no_mount()
    {
        OciBundle box = Shared().Args("nosuchprogram");
        Assert.Equal("same", (await Script(box, $"""
            {Table} >{box.Folder}/before
            $tare create --bundle {box.Folder} {box.Id} </dev/null 2>/dev/null && exit 1
            {Table} | diff {box.Folder}/before - && echo same
            """)).Ok().Text);
    }

    /// <summary>Seen to fail when the mount is taken away by its path.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "the others unmount nothing, or by path")]
    public async Task What_somebody_else_has_mounted_there_stays()
    {
        OciBundle box = Shared();
        Assert.Equal("1", (await Script(box, $"""
            $tare run --detach --bundle {box.Folder} {box.Id} </dev/null >{box.Folder}/stdout 2>&1 || exit 1
            umount -l {box.Rootfs} && mount -t tmpfs other {box.Rootfs}
            $tare delete --force {box.Id} 2>/dev/null || exit 2
            grep -c ' - tmpfs other ' /proc/self/mountinfo
            """)).Ok().Text);
    }

    /// <summary>Seen to fail when the propagation of "/" is set as for a namespace of the container's own.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "runc changes it")]
    public async Task The_propagation_of_the_callers_mounts_is_as_it_was()
    {
        OciBundle box = Shared().Set("linux.rootfsPropagation", "rprivate");
        Assert.Equal("same", (await Script(box, $"""
            mount --make-rshared /
            {Table} >{box.Folder}/before
            $tare run --bundle {box.Folder} {box.Id} </dev/null >/dev/null 2>&1
            {Table} | diff {box.Folder}/before - && echo same
            """, "true")).Ok().Text);
    }

    private OciBundle Shared() => Idle().WithoutNamespace("mount").WithoutNamespace("pid");

    private Task<Result> Script(OciBundle box, string script, string? program = null)
    {
        if (program is not null)
            box.Args(program);
        ((JsonArray)box.Config["mounts"]!).RemoveAt(4);
        box.Save();
        return Running.RunAsync(
            "unshare", ["-m", "--propagation", "private", "sh", "-c", "tare=\"$*\"\n" + script, "sh", OciRuntime.Program, .. OciRuntime.Words, "--root", Fixture.Root]);
    }
}
