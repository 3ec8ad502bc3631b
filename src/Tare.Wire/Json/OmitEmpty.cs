namespace Tare.Wire.Json;

/// <summary>
/// Go's <c>omitempty</c> for values that have an empty form besides null: their setters turn the empty form into null, and null is
/// not written.
/// </summary>
internal static class OmitEmpty
{
    internal static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;

    internal static IReadOnlyList<T>? List<T>(IReadOnlyList<T>? value) => value is { Count: 0 } ? null : value;

    internal static IReadOnlyDictionary<string, T>? Map<T>(IReadOnlyDictionary<string, T>? value) => value is { Count: 0 } ? null : value;

    internal static IReadOnlySet<string>? Set(IReadOnlySet<string>? value) => value is { Count: 0 } ? null : value;
}
