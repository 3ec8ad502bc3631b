using System.Buffers.Text;
using System.Text;
using Tare.Errors;

namespace Tare.Oci.Archives;

/// <summary>The records of a pax header (POSIX.1-2017, pax, "pax Extended Header"): <c>LENGTH KEY=VALUE\n</c>.</summary>
internal sealed class PaxRecords
{
    private static readonly byte[] SchilyAttribute = "SCHILY.xattr."u8.ToArray();

    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);
    private readonly List<TarAttribute> _attributes = [];
    private readonly List<long> _sparseMap = [];

    /// <summary>Extended attributes, in their order.</summary>
    internal IReadOnlyList<TarAttribute> Attributes => _attributes;

    /// <summary>Offsets and lengths of GNU's sparse format 0.0, which repeats its keys.</summary>
    internal IReadOnlyList<long> SparseMap => _sparseMap;

    /// <summary>Reads all records; later ones of a key replace earlier ones.</summary>
    /// <exception cref="TareException">They are malformed.</exception>
    internal static PaxRecords Parse(ReadOnlySpan<byte> bytes)
    {
        var records = new PaxRecords();
        while (!bytes.IsEmpty)
        {
            if (!Utf8Parser.TryParse(bytes, out int length, out var digits)
                || digits >= bytes.Length
                || bytes[digits] != ' '
                || length <= digits + 1
                || length > bytes.Length
                || bytes[length - 1] != '\n') throw Malformed();
            var record = bytes[(digits + 1)..(length - 1)];
            bytes = bytes[length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0) throw Malformed();
            records.Add(record[..equals], record[(equals + 1)..]);
        }

        return records;
    }

    /// <summary>A value, or <see langword="null"/> when it is absent or empty, which both leave the header's field in force.</summary>
    internal byte[]? Text(string key)
    {
        if (!_values.TryGetValue(key, out var value) || value.Length == 0) return null;
        return value.AsSpan().Contains((byte)0) ? throw Malformed() : value;
    }

    /// <summary>A decimal number, if it is there.</summary>
    internal long? Number(string key)
    {
        if (Text(key) is not { } text) return null;
        return Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value : throw Malformed();
    }

    /// <summary>A time in seconds with a fraction, if it is there.</summary>
    internal TarTime? Time(string key)
    {
        if (Text(key) is not { } text) return null;
        var span = text.AsSpan();
        var negative = span[0] == '-';
        var dot = span.IndexOf((byte)'.');
        var whole = dot < 0 ? span : span[..dot];
        if (!Utf8Parser.TryParse(whole, out long seconds, out var used) || used != whole.Length) throw Malformed();
        uint nanoseconds = 0;
        if (dot >= 0)
        {
            // Digits after the ninth are cut off.
            for (var i = 0; i < 9; i++)
            {
                var digit = dot + 1 + i < span.Length ? span[dot + 1 + i] : (byte)'0';
                if (digit is < (byte)'0' or > (byte)'9') throw Malformed();
                nanoseconds = (nanoseconds * 10) + (uint)(digit - '0');
            }

            if (span[(dot + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9')) throw Malformed();
        }

        return negative && nanoseconds > 0 ? new TarTime(seconds - 1, 1_000_000_000 - nanoseconds) : new TarTime(seconds, nanoseconds);
    }

    private static TareException Malformed() => TareException.Invalid("the archive is malformed: a pax header has a record that is none");

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.StartsWith(SchilyAttribute))
        {
            var name = key[SchilyAttribute.Length..];
            if (name.IsEmpty || name.Contains((byte)0)) throw Malformed();
            _attributes.Add(new TarAttribute(name.ToArray(), value.ToArray()));
        }
        else if (key.SequenceEqual("GNU.sparse.offset"u8) || key.SequenceEqual("GNU.sparse.numbytes"u8))
        {
            if (!Utf8Parser.TryParse(value, out long number, out var used) || used != value.Length) throw Malformed();
            _sparseMap.Add(number);
        }
        else
        {
            _values[Encoding.UTF8.GetString(key)] = value.ToArray();
        }
    }
}
