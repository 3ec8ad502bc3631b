using System.Globalization;
using Tare.Errors;

namespace Tare.Volumes;

/// <summary>Sizes as people write them: <c>512m</c>, <c>1.5GiB</c>, <c>1024</c>; units are powers of 1024.</summary>
internal static class ByteSize
{
    private const string Units = "bkmgtp";

    /// <summary>Reads a size.</summary>
    /// <exception cref="TareException">InvalidArgument, in Docker's words.</exception>
    internal static long Parse(string text)
    {
        var last = text.LastIndexOfAny([.. "0123456789. "]);
        if (last < 0) throw TareException.Invalid($"invalid size: '{text}'");
        var number = text[last] == ' ' ? text[..last] : text[..(last + 1)];
        var suffix = text[(last + 1)..].ToLowerInvariant();
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var size) || !(size >= 0))
            throw TareException.Invalid($"invalid size: '{text}'");
        var power = suffix.Length == 0 ? 0 : Units.IndexOf(suffix[0], StringComparison.Ordinal);
        if (power < 0 || (suffix.Length > 1 && (power == 0 || suffix[1..] is not ("b" or "ib")))) throw TareException.Invalid($"invalid suffix: '{suffix}'");
        for (; power > 0; power--) size *= 1024;
        return size < long.MaxValue ? (long)size : throw TareException.Invalid($"invalid size: '{text}'");
    }
}
