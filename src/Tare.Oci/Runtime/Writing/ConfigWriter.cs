namespace Tare.Oci.Runtime.Writing;

/// <summary>The document's own members (config.md).</summary>
internal static class ConfigWriter
{
    public static void Write(DocumentWriter json, Spec spec)
    {
        json.Object();
        json.Text("ociVersion"u8, spec.OciVersion);
        if (spec.Process is { } process) ProcessWriter.Write(json, process);
        if (spec.Root is { } root)
        {
            json.Object("root"u8);
            json.Text("path"u8, root.Path);
            json.FlagIfSet("readonly"u8, root.Readonly);
            json.EndObject();
        }

        json.Text("hostname"u8, spec.Hostname);
        json.Text("domainname"u8, spec.Domainname);
        if (spec.Mounts is { } mounts) WriteMounts(json, mounts);
        if (spec.Hooks is { } hooks) WriteHooks(json, hooks);
        json.Texts("annotations"u8, spec.Annotations);
        if (spec.Linux is { } linux) LinuxWriter.Write(json, linux);
        json.EndObject();
    }

    /// <summary>Writes id mappings, of a mount or of a user namespace.</summary>
    public static void WriteMappings(DocumentWriter json, ReadOnlySpan<byte> name, IReadOnlyList<LinuxIdMapping>? mappings)
    {
        if (mappings is null) return;
        json.List(name);
        foreach (var mapping in mappings)
        {
            json.Object();
            json.Unsigned("containerID"u8, mapping.ContainerId);
            json.Unsigned("hostID"u8, mapping.HostId);
            json.Unsigned("size"u8, mapping.Size);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteMounts(DocumentWriter json, IReadOnlyList<MountSpec> mounts)
    {
        json.List("mounts"u8);
        foreach (var mount in mounts)
        {
            json.Object();
            json.Text("destination"u8, mount.Destination);
            json.Text("type"u8, mount.Type);
            json.Text("source"u8, mount.Source);
            json.Texts("options"u8, mount.Options);
            WriteMappings(json, "uidMappings"u8, mount.UidMappings);
            WriteMappings(json, "gidMappings"u8, mount.GidMappings);
            json.EndObject();
        }

        json.EndList();
    }

    private static void WriteHooks(DocumentWriter json, HooksSpec hooks)
    {
        json.Object("hooks"u8);
        WriteHooks(json, "prestart"u8, hooks.Prestart);
        WriteHooks(json, "createRuntime"u8, hooks.CreateRuntime);
        WriteHooks(json, "createContainer"u8, hooks.CreateContainer);
        WriteHooks(json, "startContainer"u8, hooks.StartContainer);
        WriteHooks(json, "poststart"u8, hooks.Poststart);
        WriteHooks(json, "poststop"u8, hooks.Poststop);
        json.EndObject();
    }

    private static void WriteHooks(DocumentWriter json, ReadOnlySpan<byte> name, IReadOnlyList<HookSpec>? hooks)
    {
        if (hooks is null) return;
        json.List(name);
        foreach (var hook in hooks)
        {
            json.Object();
            json.Text("path"u8, hook.Path);
            json.Texts("args"u8, hook.Args);
            json.Texts("env"u8, hook.Env);
            json.Number("timeout"u8, hook.Timeout);
            json.EndObject();
        }

        json.EndList();
    }
}
