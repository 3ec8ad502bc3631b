using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>A bundle of one case: a folder with a root filesystem of busybox, and a configuration to change.</summary>
internal sealed class OciBundle
{
    private const string Start = """
        {
          "ociVersion": "1.2.0",
          "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": ["sh"],
            "env": ["PATH=/bin"],
            "cwd": "/",
            "capabilities": {
              "bounding": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_MKNOD", "CAP_SETGID", "CAP_SETUID"],
              "effective": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_MKNOD", "CAP_SETGID", "CAP_SETUID"],
              "permitted": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_MKNOD", "CAP_SETGID", "CAP_SETUID"]
            }
          },
          "root": { "path": "rootfs" },
          "hostname": "oci",
          "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
            { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
            { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
            { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] }
          ],
          "linux": {
            "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            "namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }]
          }
        }
        """;

    public OciBundle(OciFixture oci, string id)
    {
        Id = id;
        Folder = Path.Combine(oci.Folder, "b-" + id);
        Directory.CreateDirectory(Folder);
        Copy(oci.Template, Rootfs);
        Set("linux.cgroupsPath", $"{oci.CgroupParent}/{id}");
    }

    /// <summary>The container's id.</summary>
    public string Id { get; }

    public string Folder { get; }

    public string Rootfs => Path.Combine(Folder, "rootfs");

    public string ConfigPath => Path.Combine(Folder, "config.json");

    public JsonObject Config { get; } = (JsonObject)JsonNode.Parse(Start)!;

    /// <summary>The program and its arguments.</summary>
    public OciBundle Args(params string[] arguments) => Set("process.args", List(arguments));

    /// <summary>A script for the shell.</summary>
    public OciBundle Sh(string script) => Args("sh", "-c", script);

    /// <summary>Sets a member by its path, such as <c>linux.resources.memory.limit</c>; objects on the way are made.</summary>
    public OciBundle Set(string path, JsonNode? value)
    {
        string[] names = path.Split('.');
        JsonObject at = Config;
        foreach (string name in names[..^1])
            at = (JsonObject)(at[name] ??= new JsonObject());
        at[names[^1]] = value;
        return this;
    }

    public OciBundle Remove(string path)
    {
        string[] names = path.Split('.');
        JsonObject at = Config;
        foreach (string name in names[..^1])
            at = (JsonObject)at[name]!;
        at.Remove(names[^1]);
        return this;
    }

    public OciBundle Mount(string destination, string? type, string source, params string[] options)
    {
        JsonObject mount = new() { ["destination"] = destination, ["source"] = source, ["options"] = List(options) };
        if (type is not null)
            mount["type"] = type;
        ((JsonArray)Config["mounts"]!).Add(mount);
        return this;
    }

    public OciBundle Bind(string source, string destination, params string[] options) => Mount(destination, "bind", source, ["rbind", .. options]);

    /// <summary>A new namespace, or with a path one to join.</summary>
    public OciBundle Namespace(string type, string? path = null)
    {
        WithoutNamespace(type);
        JsonObject entry = new() { ["type"] = type };
        if (path is not null)
            entry["path"] = path;
        ((JsonArray)Config["linux"]!["namespaces"]!).Add(entry);
        return this;
    }

    public OciBundle WithoutNamespace(string type)
    {
        JsonArray all = (JsonArray)Config["linux"]!["namespaces"]!;
        foreach (JsonNode? entry in all.Where(entry => (string)entry!["type"]! == type).ToList())
            all.Remove(entry);
        return this;
    }

    /// <summary>A hook that runs a script of the host's shell.</summary>
    public OciBundle Hook(string kind, string script, int? timeout = null)
    {
        JsonObject hook = new() { ["path"] = "/bin/sh", ["args"] = List("sh", "-c", script), ["env"] = List("PATH=/usr/bin:/bin") };
        if (timeout is not null)
            hook["timeout"] = timeout;
        JsonObject hooks = (JsonObject)(Config["hooks"] ??= new JsonObject());
        ((JsonArray)(hooks[kind] ??= new JsonArray())).Add(hook);
        return this;
    }

    /// <summary>Writes a file into the root filesystem; returns its path on the host.</summary>
    public string Write(string path, string content, UnixFileMode mode = (UnixFileMode)420)
    {
        string file = Rootfs + path;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetUnixFileMode(file, mode);
        return file;
    }

    public OciBundle Save()
    {
        File.WriteAllText(ConfigPath, Config.ToJsonString());
        return this;
    }

    public static JsonArray List(params IEnumerable<string> values) => new(values.Select(value => (JsonNode)value).ToArray());

    /// <summary>Folders and links anew; the one big file is only ever read, and may be the same.</summary>
    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        File.SetUnixFileMode(to, File.GetUnixFileMode(from));
        foreach (FileSystemInfo entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            string target = Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } link)
                File.CreateSymbolicLink(target, link);
            else if (entry is DirectoryInfo)
                Copy(entry.FullName, target);
            else
                File.Copy(entry.FullName, target);
        }
    }
}
