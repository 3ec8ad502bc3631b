using System.Formats.Tar;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>export: a container's root file system as a tar, running or not.</summary>
public sealed class ExportTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task A_stopped_container_is_exported_as_it_is(string client)
    {
        string name = Name();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "echo new >/etc/conf; rm /etc/group; mkdir /made; echo one >/made/file; ln /made/file /made/hard; mkfifo /made/pipe; chown 7:8 /made/file");
        Dictionary<string, TarEntry> entries = Read((await Run(client, "export", name)).Ok().OutBytes);
        Assert.Equal("new\n", Content(entries["etc/conf"]));
        Assert.DoesNotContain("etc/group", entries.Keys);
        Assert.Contains("bin/busybox", entries.Keys);
        Assert.Equal((TarEntryType.HardLink, "made/file"), (entries["made/hard"].EntryType, entries["made/hard"].LinkName));
        Assert.Equal((7, 8), (entries["made/file"].Uid, entries["made/file"].Gid));
        Assert.Equal(TarEntryType.Fifo, entries["made/pipe"].EntryType);
        Assert.Equal("busybox", entries["bin/sh"].LinkName);
        // The places of what every container has mounted are empty.
        foreach (string place in new[] { "dev/", "dev/pts/", "dev/shm/", "proc/", "sys/", "etc/hosts", "etc/hostname", "etc/resolv.conf", ".dockerenv", "dev/console" })
            Assert.True(entries[place].Length == 0, place);
        Assert.DoesNotContain(entries.Keys, path => path.StartsWith("proc/", StringComparison.Ordinal) && path.Length > 5);
        Assert.DoesNotContain(entries.Keys, path => path.Contains(".wh.", StringComparison.Ordinal));
    }

    [Theory, Clients]
    public async Task A_running_container_is_exported_without_what_is_mounted(string client)
    {
        (string here, string there) = Folder();
        await File.WriteAllTextAsync(Path.Combine(here, "secret"), "in");
        string name = await Idle(client, "-v", there + ":/mounted", "--tmpfs", "/temporary");
        await Ok(client, "exec", name, "sh", "-c", "echo live >/live; echo x >/temporary/x");
        Dictionary<string, TarEntry> entries = Read((await Run(client, "export", name)).Ok().OutBytes);
        Assert.Equal("live\n", Content(entries["live"]));
        Assert.Contains("mounted/", entries.Keys);
        Assert.Contains("temporary/", entries.Keys);
        Assert.DoesNotContain("mounted/secret", entries.Keys);
        Assert.DoesNotContain("temporary/x", entries.Keys);
    }

    [Theory, Clients]
    public async Task A_file_is_written_whole_or_not_at_all(string client)
    {
        (string here, _) = Folder();
        string name = Name(), file = Path.Combine(here, "out.tar");
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        Assert.Equal("", await Ok(client, "export", "-o", file, name));
        Assert.Contains("bin/busybox", Read(await File.ReadAllBytesAsync(file)).Keys);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        string missing = Path.Combine(here, "missing.tar");
        Assert.Equal("Error response from daemon: No such container: nosuch\n", (await Run(client, "export", "-o", missing, "nosuch")).Expect(1).Err);
        Assert.Equal([file], Directory.GetFiles(here));
        Assert.Equal($"failed to export container: invalid output path: stat {here}/nosuch: no such file or directory\n", (await Run(client, "export", "-o", here + "/nosuch/x", name)).Expect(1).Err);
        Assert.Equal("failed to export container: cannot write to a directory\n", (await Run(client, "export", "-o", here, name)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task A_terminal_gets_no_archive(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        using Terminal terminal = OnTerminal(client, "export", name);
        await terminal.SeeAsync("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }

    [Theory, Clients]
    public async Task What_was_exported_is_imported_and_runs(string client)
    {
        string name = Name(), image = ImageName();
        await Ok(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "echo kept >/kept");
        byte[] archive = (await Run(client, "export", name)).Ok().OutBytes;
        (await RunWith(client, archive, "import", "-c", "ENV PATH=/bin", "-", image)).Ok();
        Assert.Equal("kept", await Ok(client, "run", "--rm", "--network", "none", image, "cat", "/kept"));
        Assert.Equal(archive, (await Run(client, "export", name)).Ok().OutBytes);
    }

    [Theory, Clients]
    public async Task Export_is_told_as_an_event(string client)
    {
        string name = Name();
        string since = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        (await Run(client, "export", name)).Ok();
        string until = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("create\nexport", await Ok(client, "events", "--since", since, "--until", until, "--filter", "container=" + name, "--format", "{{.Action}}"));
    }

    private static Dictionary<string, TarEntry> Read(byte[] archive)
    {
        Dictionary<string, TarEntry> entries = [];
        using TarReader reader = new(new MemoryStream(archive));
        while (reader.GetNextEntry(copyData: true) is { } entry)
            entries.Add(entry.Name, entry);
        return entries;
    }

    private static string Content(TarEntry entry)
    {
        using StreamReader reader = new(entry.DataStream!);
        return reader.ReadToEnd();
    }
}
