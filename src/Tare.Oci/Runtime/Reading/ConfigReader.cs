namespace Tare.Oci.Runtime.Reading;

/// <summary>The document's own members (config.md).</summary>
internal static class ConfigReader
{
    public static Spec Read(ref DocumentReader json)
    {
        string? version = null, hostname = null, domainname = null;
        ProcessSpec? process = null;
        RootSpec? root = null;
        List<MountSpec>? mounts = null;
        HooksSpec? hooks = null;
        Dictionary<string, string>? annotations = null;
        LinuxSpec? linux = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "ociVersion"u8)) version = json.String();
            else if (json.Is(ref members, "process"u8)) process = ProcessReader.Read(ref json);
            else if (json.Is(ref members, "root"u8)) root = ReadRoot(ref json);
            else if (json.Is(ref members, "hostname"u8)) hostname = json.String();
            else if (json.Is(ref members, "domainname"u8)) domainname = json.String();
            else if (json.Is(ref members, "mounts"u8)) mounts = MountReader.ReadList(ref json);
            else if (json.Is(ref members, "hooks"u8)) hooks = HooksReader.Read(ref json);
            else if (json.Is(ref members, "annotations"u8)) annotations = json.Texts();
            else if (json.Is(ref members, "linux"u8)) linux = LinuxReader.Read(ref json);
            else json.Skip();
        }

        return new Spec
        {
            OciVersion = version ?? throw json.Missing(members, "ociVersion"),
            Process = process,
            Root = root,
            Hostname = hostname,
            Domainname = domainname,
            Mounts = mounts,
            Hooks = hooks,
            Annotations = annotations,
            Linux = linux,
        };
    }

    private static RootSpec ReadRoot(ref DocumentReader json)
    {
        string? path = null;
        var isReadonly = false;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "path"u8)) path = json.String();
            else if (json.Is(ref members, "readonly"u8)) isReadonly = json.Bool();
            else json.Skip();
        }

        return new RootSpec { Path = path ?? throw json.Missing(members, "path"), Readonly = isReadonly };
    }
}
