using Tare.Errors;

namespace Tare.Volumes;

/// <summary>The options of the local driver: a filesystem that is mounted while the volume is used, in mount(8)'s words.</summary>
internal static class LocalOptions
{
    internal const string Type = "type";
    internal const string Device = "device";
    internal const string Words = "o";
    private const string Size = "size";

    /// <summary>Looks whether options make sense.</summary>
    /// <returns>The options; null when there are none.</returns>
    /// <exception cref="TareException">InvalidArgument, in Docker's words.</exception>
    internal static IReadOnlyDictionary<string, string>? Check(string volume, IReadOnlyDictionary<string, string>? options)
    {
        if (options is not { Count: > 0 }) return null;
        foreach (var name in options.Keys.Order(StringComparer.Ordinal))
        {
            if (name is not (Type or Device or Words or Size)) throw TareException.Invalid($"create {volume}: invalid option: \"{name}\"");
        }
        if (options.ContainsKey(Size)) throw TareException.Invalid($"create {volume}: quota size requested but no quota support");
        foreach (var name in (ReadOnlySpan<string>)[Device, Type])
        {
            if (!options.TryGetValue(name, out var value) || value.Length == 0) throw TareException.Invalid($"create {volume}: missing required option: \"{name}\"");
        }
        return new Dictionary<string, string>(options, StringComparer.Ordinal);
    }
}
