using System.Globalization;
using Tare.Errors;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>A list of CPUs or memory nodes as systemd takes it: a bit for each, the lowest first.</summary>
internal static class CpuMask
{
    private const uint Most = 8192;

    /// <summary>Converts a list such as <c>0-3,7</c>.</summary>
    /// <exception cref="TareException">It is none, or empty.</exception>
    public static byte[] Of(string list)
    {
        var mask = new List<byte>();
        foreach (var part in list.Split(','))
        {
            var range = part.Trim();
            if (range.Length == 0) continue;
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var (first, last) = (Number(dash < 0 ? range : range[..dash]), Number(dash < 0 ? range : range[(dash + 1)..]));
            if (first > last) throw Invalid();
            for (var number = first; number <= last; number++)
            {
                while (mask.Count <= number / 8) mask.Add(0);
                mask[(int)(number / 8)] |= (byte)(1 << (int)(number % 8));
            }
        }
        return mask.Count > 0 ? [.. mask] : throw Invalid();

        uint Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Most ? number : throw Invalid();
        TareException Invalid() => TareException.Invalid($"\"{list}\" is no list of CPUs or memory nodes: write it as 0-3,7");
    }
}
