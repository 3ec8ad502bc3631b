using System.Text.Json.Serialization.Metadata;

namespace Tare.Wire.Json;

/// <summary>
/// Fields that API versions up to 1.51 always write (null, empty or false) and that later versions leave out when they are empty.
/// Templates and scripts index them without looking whether they exist.
/// </summary>
internal static class LegacyShape
{
    internal static void Apply(JsonTypeInfo type)
    {
        var always = AlwaysWritten(type.Type);
        if (always.Length == 0)
            return;
        foreach (var property in type.Properties)
        {
            if (!always.Contains(property.Name, StringComparer.Ordinal))
                continue;
            property.ShouldSerialize = static (_, _) => true;
            if (property.PropertyType == typeof(string) && property.Get is { } get)
                property.Get = target => get(target) ?? string.Empty;
        }
    }

    private static string[] AlwaysWritten(Type type)
    {
        if (type == typeof(AuthResponse))
            return ["IdentityToken"];
        if (type == typeof(ContainerConfig) || type == typeof(ContainerCreateRequest))
            return ["OnBuild"];
        if (type == typeof(ImageConfig))
            return ["User", "Env", "Cmd", "Volumes", "WorkingDir", "Entrypoint", "OnBuild", "Labels"];
        if (type == typeof(ImageInspect))
            return ["Parent", "Comment", "DockerVersion", "Author"];
        if (type == typeof(NetworkSettings))
            return ["SecondaryIPAddresses", "SecondaryIPv6Addresses"];
        return [];
    }
}
