namespace Tare.Oci.Runtime.Writing;

/// <summary>A container's state (runtime.md, "State"; config-linux.md, "The Container Process State").</summary>
internal static class StateWriter
{
    /// <summary>Writes a state into an object that has been started.</summary>
    public static void WriteMembers(DocumentWriter json, State state)
    {
        json.Text("ociVersion"u8, state.OciVersion);
        json.Text("id"u8, state.Id);
        json.Text("status"u8, state.Status);
        if (state.Pid is not 0) json.Number("pid"u8, state.Pid);
        json.Text("bundle"u8, state.Bundle);
        if (state.Annotations is { Count: > 0 }) json.Texts("annotations"u8, state.Annotations);
    }

    public static void WriteReport(DocumentWriter json, StateReport report)
    {
        var state = report.State;
        json.Object();
        json.Text("ociVersion"u8, state.OciVersion);
        json.Text("id"u8, state.Id);
        json.Number("pid"u8, state.Pid ?? 0);
        json.Text("status"u8, state.Status);
        json.Text("bundle"u8, state.Bundle);
        json.Text("rootfs"u8, report.Rootfs);
        json.Text("created"u8, report.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"));
        if (state.Annotations is { Count: > 0 }) json.Texts("annotations"u8, state.Annotations);
        json.Text("owner"u8, report.Owner);
        json.EndObject();
    }

    public static void WriteContainerProcess(DocumentWriter json, ContainerProcessState process)
    {
        json.Object();
        json.Text("ociVersion"u8, process.OciVersion);
        json.Texts("fds"u8, process.Fds);
        json.Number("pid"u8, process.Pid);
        if (process.Metadata is not "") json.Text("metadata"u8, process.Metadata);
        json.Object("state"u8);
        WriteMembers(json, process.State);
        json.EndObject();
        json.EndObject();
    }
}
