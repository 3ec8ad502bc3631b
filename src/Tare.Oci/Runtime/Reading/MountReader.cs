namespace Tare.Oci.Runtime.Reading;

/// <summary>Mounts (config.md, "Mounts"), and the id mappings that they share with user namespaces.</summary>
internal static class MountReader
{
    public static List<MountSpec> ReadList(ref DocumentReader json)
    {
        var mounts = new List<MountSpec>();
        json.List("a list of mounts");
        while (json.NextItem()) mounts.Add(Read(ref json));
        return mounts;
    }

    /// <summary>Reads a list of id mappings. All of its numbers are required: an absent one would be root.</summary>
    public static List<LinuxIdMapping> ReadMappings(ref DocumentReader json)
    {
        var mappings = new List<LinuxIdMapping>();
        json.List("a list of id mappings");
        while (json.NextItem())
        {
            uint? containerId = null, hostId = null, size = null;
            var members = json.Object("an id mapping, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "containerID"u8)) containerId = json.UInt32("an id");
                else if (json.Is(ref members, "hostID"u8)) hostId = json.UInt32("an id");
                else if (json.Is(ref members, "size"u8)) size = json.UInt32("a number of ids");
                else json.Skip();
            }

            mappings.Add(new LinuxIdMapping(
                containerId ?? throw json.Missing(members, "containerID"),
                hostId ?? throw json.Missing(members, "hostID"),
                size ?? throw json.Missing(members, "size")));
        }

        return mappings;
    }

    private static MountSpec Read(ref DocumentReader json)
    {
        string? destination = null, type = null, source = null;
        List<string>? options = null;
        List<LinuxIdMapping>? uidMappings = null, gidMappings = null;
        var members = json.Object("a mount, an object");
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "destination"u8)) destination = json.String();
            else if (json.Is(ref members, "type"u8)) type = json.String();
            else if (json.Is(ref members, "source"u8)) source = json.String();
            else if (json.Is(ref members, "options"u8)) options = json.Strings();
            else if (json.Is(ref members, "uidMappings"u8)) uidMappings = ReadMappings(ref json);
            else if (json.Is(ref members, "gidMappings"u8)) gidMappings = ReadMappings(ref json);
            else json.Skip();
        }

        return new MountSpec
        {
            Destination = destination ?? throw json.Missing(members, "destination"),
            Type = type,
            Source = source,
            Options = options,
            UidMappings = uidMappings,
            GidMappings = gidMappings,
        };
    }
}
