using Tare.Errors;

namespace Tare.Volumes;

/// <summary>The options of the local driver: a size, or a filesystem that is mounted while the volume is used, in mount(8)'s words.</summary>
internal static class LocalOptions
{
    internal const string Type = "type";
    internal const string Device = "device";
    internal const string Words = "o";
    internal const string Size = "size";

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
        var sized = SizeOf(volume, options) > 0;
        if (sized && options.Count > 1) throw TareException.Invalid($"create {volume}: the option \"size\" limits a volume in the engine's own folder: leave out \"type\", \"device\" and \"o\", or give that filesystem a size of its own, such as o=size=1g for a tmpfs");
        if (options.Count == 1 && options.ContainsKey(Size)) return new Dictionary<string, string>(options, StringComparer.Ordinal);
        foreach (var name in (ReadOnlySpan<string>)[Device, Type])
        {
            if (!options.TryGetValue(name, out var value) || value.Length == 0) throw TareException.Invalid($"create {volume}: missing required option: \"{name}\"");
        }
        return new Dictionary<string, string>(options, StringComparer.Ordinal);
    }

    /// <summary>The limit that options ask for, in bytes; 0 for none.</summary>
    /// <exception cref="TareException">InvalidArgument: it is no size.</exception>
    internal static long SizeOf(string volume, IReadOnlyDictionary<string, string>? options)
    {
        if (options?.GetValueOrDefault(Size) is not { } text) return 0;
        try
        {
            return ByteSize.Parse(text);
        }
        catch (TareException e)
        {
            throw TareException.Invalid($"create {volume}: {e.Message}", e);
        }
    }
}
