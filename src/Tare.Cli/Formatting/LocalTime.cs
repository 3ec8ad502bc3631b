using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Tare.Cli.Formatting;

/// <summary>
/// Times in the zone of this machine ($TZ, else /etc/localtime), with its abbreviation, which .NET's time zones do not have.
/// Reads TZif files (RFC 9636) and their footer.
/// </summary>
internal sealed class LocalTime
{
    private readonly long[] _transitions;
    private readonly byte[] _types;
    private readonly (int Offset, string Name)[] _zones;
    private readonly PosixZone? _rule;

    private LocalTime(long[] transitions, byte[] types, (int Offset, string Name)[] zones, PosixZone? rule)
    {
        _transitions = transitions;
        _types = types;
        _zones = zones;
        _rule = rule;
    }

    public static LocalTime Utc { get; } = new([], [], [(0, "UTC")], null);

    /// <summary>This machine's zone; UTC when it is not set or cannot be read, as Go does it.</summary>
    public static LocalTime Load(string? zone)
    {
        var path = zone switch
        {
            null => "/etc/localtime",
            "" or "UTC" => "",
            _ when zone.TrimStart(':') is ['/', ..] absolute => absolute,
            _ => "/usr/share/zoneinfo/" + zone.TrimStart(':'),
        };
        try
        {
            return path.Length > 0 && !path.Contains("..", StringComparison.Ordinal) && File.Exists(path) ? Parse(File.ReadAllBytes(path)) ?? Utc : Utc;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Utc;
        }
    }

    /// <summary>Null when it is not a TZif file.</summary>
    internal static LocalTime? Parse(ReadOnlySpan<byte> file)
    {
        if (!TryReadHeader(file, out var counts)) return null;
        var wide = file[4] >= (byte)'2';
        if (wide)
        {
            // The first block has 32-bit times, for old readers.
            var skip = 44 + counts.Size(4);
            if (skip > file.Length || !TryReadHeader(file[skip..], out counts)) return null;
            file = file[skip..];
        }

        var size = wide ? 8 : 4;
        if (44 + counts.Size(size) > file.Length) return null;
        var data = file[44..];
        var transitions = new long[counts.Times];
        for (var i = 0; i < counts.Times; i++)
            transitions[i] = wide ? BinaryPrimitives.ReadInt64BigEndian(data[(i * 8)..]) : BinaryPrimitives.ReadInt32BigEndian(data[(i * 4)..]);
        data = data[(counts.Times * size)..];
        var types = data[..counts.Times].ToArray();
        data = data[counts.Times..];
        var names = data.Slice(counts.Types * 6, counts.Characters);
        var zones = new (int, string)[counts.Types];
        for (var i = 0; i < counts.Types; i++)
        {
            var name = names[Math.Min((int)data[(i * 6) + 5], names.Length)..];
            var end = name.IndexOf((byte)0);
            zones[i] = (BinaryPrimitives.ReadInt32BigEndian(data[(i * 6)..]), Encoding.ASCII.GetString(end < 0 ? name : name[..end]));
        }

        if (zones.Length == 0 || types.Any(type => type >= zones.Length)) return null;
        var footer = wide ? file[(44 + counts.Size(size))..] : default;
        var rule = footer.Length > 2 && footer[0] == '\n' ? PosixZone.Parse(Encoding.ASCII.GetString(footer[1..]).TrimEnd('\n')) : null;
        return new LocalTime(transitions, types, zones, rule);
    }

    /// <summary>Go's time.Time.String: <c>2006-01-02 15:04:05.999999999 -0700 MST</c>.</summary>
    public string Format(long seconds, int nanoseconds = 0)
    {
        var (offset, name) = At(seconds);
        var fraction = nanoseconds == 0 ? "" : "." + nanoseconds.ToString("000000000", CultureInfo.InvariantCulture).TrimEnd('0');
        return $"{Local(seconds, offset):yyyy-MM-dd HH:mm:ss}{fraction} {Sign(offset)}{Math.Abs(offset) / 3600:00}{Math.Abs(offset) / 60 % 60:00} {name}";
    }

    /// <summary>RFC 3339 with nine digits of the second, <c>2006-01-02T15:04:05.000000000Z07:00</c>, or none.</summary>
    public string FormatRfc3339(long nanoseconds, int digits = 9)
    {
        var seconds = Math.DivRem(nanoseconds, 1_000_000_000, out var fraction);
        if (fraction < 0)
        {
            fraction += 1_000_000_000;
            seconds--;
        }

        var (offset, _) = At(seconds);
        var zone = offset == 0 ? "Z" : $"{Sign(offset)}{Math.Abs(offset) / 3600:00}:{Math.Abs(offset) / 60 % 60:00}";
        return $"{Local(seconds, offset):yyyy-MM-ddTHH:mm:ss}{(digits == 0 ? "" : $".{fraction:000000000}")}{zone}";
    }

    /// <summary>The offset from UTC in seconds, and the abbreviation.</summary>
    public (int Offset, string Name) At(long seconds)
    {
        if (_transitions.Length == 0 || seconds < _transitions[0])
            return _transitions.Length == 0 && _rule is not null ? _rule.At(seconds) : _zones[0];
        if (seconds >= _transitions[^1] && _rule is not null) return _rule.At(seconds);
        var index = Array.BinarySearch(_transitions, seconds);
        return _zones[_types[index < 0 ? ~index - 1 : index]];
    }

    private static char Sign(int offset) => offset < 0 ? '-' : '+';

    private static DateTime Local(long seconds, int offset) => DateTime.UnixEpoch.AddSeconds(seconds + offset);

    private static bool TryReadHeader(ReadOnlySpan<byte> file, out Counts counts)
    {
        counts = default;
        if (file.Length < 44 || !file.StartsWith("TZif"u8)) return false;
        var fields = new int[6];
        for (var i = 0; i < 6; i++)
        {
            fields[i] = BinaryPrimitives.ReadInt32BigEndian(file[(20 + (i * 4))..]);
            if (fields[i] is < 0 or > 100_000) return false;
        }

        counts = new Counts(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
        return true;
    }

    private readonly record struct Counts(int Utc, int Standard, int Leaps, int Times, int Types, int Characters)
    {
        public int Size(int timeSize) => (Times * (timeSize + 1)) + (Types * 6) + Characters + (Leaps * (timeSize + 4)) + Standard + Utc;
    }
}
