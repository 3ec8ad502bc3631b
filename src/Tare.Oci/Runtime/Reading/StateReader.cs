namespace Tare.Oci.Runtime.Reading;

/// <summary>A container's state (runtime.md, "State"; config-linux.md, "The Container Process State").</summary>
internal static class StateReader
{
    public static State Read(ref DocumentReader json)
    {
        string? version = null, id = null, status = null, bundle = null;
        int? pid = null;
        Dictionary<string, string>? annotations = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "ociVersion"u8)) version = json.String();
            else if (json.Is(ref members, "id"u8)) id = json.String();
            else if (json.Is(ref members, "status"u8)) status = json.String();
            else if (json.Is(ref members, "pid"u8)) pid = json.Int32();
            else if (json.Is(ref members, "bundle"u8)) bundle = json.String();
            else if (json.Is(ref members, "annotations"u8)) annotations = json.Texts();
            else json.Skip();
        }

        return new State
        {
            OciVersion = version ?? throw json.Missing(members, "ociVersion"),
            Id = id ?? throw json.Missing(members, "id"),
            Status = status ?? throw json.Missing(members, "status"),
            // 0 is how the verb state prints that there is none.
            Pid = pid == 0 ? null : pid,
            Bundle = bundle ?? throw json.Missing(members, "bundle"),
            Annotations = annotations,
        };
    }

    public static ContainerProcessState ReadContainerProcess(ref DocumentReader json)
    {
        string? version = null, metadata = null;
        List<string>? fds = null;
        int? pid = null;
        State? state = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "ociVersion"u8)) version = json.String();
            else if (json.Is(ref members, "fds"u8)) fds = json.Strings();
            else if (json.Is(ref members, "pid"u8)) pid = json.Int32();
            else if (json.Is(ref members, "metadata"u8)) metadata = json.String();
            else if (json.Is(ref members, "state"u8)) state = Read(ref json);
            else json.Skip();
        }

        return new ContainerProcessState
        {
            OciVersion = version ?? throw json.Missing(members, "ociVersion"),
            Fds = fds ?? throw json.Missing(members, "fds"),
            Pid = pid ?? throw json.Missing(members, "pid"),
            Metadata = metadata,
            State = state ?? throw json.Missing(members, "state"),
        };
    }
}
