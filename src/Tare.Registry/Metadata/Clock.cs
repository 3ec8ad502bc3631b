namespace Tare.Registry.Metadata;

/// <summary>Times as the tables have them.</summary>
internal static class Clock
{
    /// <summary>Milliseconds since 1970.</summary>
    internal static long Milliseconds(this TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds();
}
