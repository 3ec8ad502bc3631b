namespace Tare.Networks;

/// <summary>The networks that are always there: <c>bridge</c>, <c>host</c> and <c>none</c>.</summary>
public static class PredefinedNetworks
{
    /// <summary>The network of containers that ask for none.</summary>
    public const string Bridge = "bridge";

    /// <summary>The host's own.</summary>
    public const string Host = "host";

    /// <summary>A loopback device alone.</summary>
    public const string None = "none";

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [Bridge, Host, None];

    /// <summary>Whether a name means one of them; <c>default</c> is another word for the bridge.</summary>
    public static bool IsName(string name) => name is Bridge or Host or None or "default";

    /// <summary>Makes host or none, which the database does not have yet.</summary>
    internal static Network Make(string name, string id, DateTimeOffset now) => new() { Id = id, Name = name, Driver = name == Host ? "host" : "null", Created = now, Device = "" };
}
