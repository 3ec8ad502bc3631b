using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>
/// Bundles, state directories and files for pids that somebody else has prepared. Each case says what was taken away from the runtime to
/// see it fail.
/// </summary>
public sealed class OciHostileBundleTests(OciFixture oci) : OciTests(oci)
{
    /// <summary>Seen to fail, by waiting for ever, when Bundle.Open does not look before it opens.</summary>
    [OciTheory(Only = OciKinds.Tare, Because = "the others wait, or read until memory ends")]
    [InlineData("pipe", "no regular file")]
    [InlineData("device", "no regular file")]
    [InlineData("folder", "no regular file")]
    [InlineData("huge", "bytes")]
    [InlineData("deep", "deep")]
    public async Task A_configuration_that_is_none_is_refused(string kind, string word)
    {
        OciBundle box = Bundle("true");
        string path = box.ConfigPath;
        switch (kind)
        {
            case "pipe": (await Running.RunAsync("mkfifo", [path])).Ok(); break;
            case "device": File.CreateSymbolicLink(path, "/dev/zero"); break;
            case "folder": Directory.CreateDirectory(path); break;
            case "huge": using (FileStream file = File.Create(path)) file.SetLength(1L << 40); break;
            default: await File.WriteAllTextAsync(path, string.Concat(Enumerable.Repeat("{\"a\":", 100_000))); break;
        }
        Refused(await Oci("create", "--bundle", box.Folder, box.Id), 1, word);
        await Gone(box.Id);
    }

    /// <summary>Without SpecReader.MaxSize in OciExec /dev/zero is read until memory ends.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "the others read until memory ends")]
    public async Task A_process_without_an_end_is_refused()
    {
        OciBundle box = await Started(Idle());
        Refused(await Oci("exec", "--process", "/dev/zero", box.Id), 255);
    }

    /// <summary>Seen to fail without StateDirectory.CheckRoot.</summary>
    [OciTheory(Only = OciKinds.Tare, Because = "the others trust whatever --root says")]
    [InlineData("link", "belongs to the user 1000")]
    [InlineData("folder", "belongs to the user 1000")]
    [InlineData("open", "everybody")]
    public async Task A_state_directory_of_somebody_else_is_not_used(string kind, string word)
    {
        OciBundle box = Bundle("true").Save();
        string root = Path.Combine(box.Folder, "state");
        if (kind == "link")
        {
            Directory.CreateDirectory(Path.Combine(box.Folder, "target"));
            File.CreateSymbolicLink(root, "target");
            (await Running.RunAsync("chown", ["-h", "1000", root])).Ok();
        }
        else
        {
            Directory.CreateDirectory(root);
            (await Running.RunAsync(kind == "open" ? "chmod" : "chown", [kind == "open" ? "0777" : "1000", root])).Ok();
        }
        Refused(await OciRuntime.RunAsync(["--root", root, "create", "--bundle", box.Folder, box.Id]), 1, word);
        Refused(await OciRuntime.RunAsync(["--root", root, "delete", "--force", box.Id]), 1, word);
        Assert.Empty(Directory.EnumerateFileSystemEntries(root));
    }

    /// <summary>Seen to fail without StateDirectory.CheckOwner: the process that the false state names is killed.</summary>
    [OciFact(Only = OciKinds.Tare, Because = "the state is Tare's")]
    public async Task A_false_state_in_a_folder_of_all_kills_nobody()
    {
        OciBundle box = await Started(Idle());
        int pid = await Pid(box.Id);
        string root = Path.Combine(box.Folder, "tmp");
        Directory.CreateDirectory(root);
        File.SetUnixFileMode(root, (UnixFileMode)1023); // 01777
        (await Running.RunAsync("cp", ["-r", Path.Combine(Fixture.Root, box.Id), root])).Ok();
        (await Running.RunAsync("chown", ["-R", "1000", Path.Combine(root, box.Id)])).Ok();
        Refused(await OciRuntime.RunAsync(["--root", root, "delete", "--force", box.Id]), 1, "belongs to the user 1000");
        Assert.True(Processes.Exists(pid));
        Assert.Equal("running", await Status(box.Id));
    }

    /// <summary>Seen to fail, the pipe by waiting for ever, when WritePidFile opens what is there already.</summary>
    [OciTheory(Only = OciKinds.Tare, Because = "runc writes into what is there")]
    [InlineData("pipe")]
    [InlineData("file")]
    [InlineData("link")]
    public async Task A_pid_file_is_made_anew(string kind)
    {
        OciBundle box = Idle();
        (string path, string victim) = (Path.Combine(box.Folder, "pid"), Path.Combine(box.Folder, "victim"));
        await File.WriteAllTextAsync(victim, "the victim's");
        foreach (string place in (string[])[path, Path.Combine(box.Folder, ".pid")])
        {
            if (kind == "pipe")
                (await Running.RunAsync("mkfifo", [place])).Ok();
            else if (kind == "link")
                File.CreateSymbolicLink(place, victim);
            else
                (await Running.RunAsync("install", ["-m", "0666", "-o", "1000", "/dev/null", place])).Ok();
        }
        await Created(box, "--pid-file", path);
        Assert.Equal($"{await Pid(box.Id)}", await File.ReadAllTextAsync(path));
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal("0 644", (await Running.RunAsync("stat", ["-c", "%u %a", path])).Ok().Text);
        Assert.Equal("the victim's", await File.ReadAllTextAsync(victim));
    }

    /// <summary>The process is ended twice over, by LaunchSession.Abort and with its control groups: no one thing was found without which this fails.</summary>
    [OciTheory]
    [InlineData("missing")]
    [InlineData("file")]
    [InlineData("pipe")]
    public async Task A_console_socket_that_is_none_leaves_nothing(string kind)
    {
        OciBundle box = Idle().Set("process.terminal", true);
        string path = Path.Combine(box.Folder, "console");
        if (kind == "pipe")
            (await Running.RunAsync("mkfifo", [path])).Ok();
        else if (kind == "file")
            await File.WriteAllTextAsync(path, "");
        Refused(await TryCreate(box, "--console-socket", path), 1, "console");
        await Gone(box.Id);
    }
}
