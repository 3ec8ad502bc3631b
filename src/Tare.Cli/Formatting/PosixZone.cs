using System.Globalization;

namespace Tare.Cli.Formatting;

/// <summary>
/// A time zone as the variable TZ of POSIX describes it, such as <c>CET-1CEST,M3.5.0,M10.5.0/3</c>: what holds after the last transition
/// that a zone's file lists.
/// </summary>
internal sealed class PosixZone
{
    private readonly (int Offset, string Name) _standard;
    private readonly (int Offset, string Name)? _summer;
    private readonly Change _begin;
    private readonly Change _end;

    private PosixZone((int Offset, string Name) standard, (int Offset, string Name)? summer, Change begin, Change end)
    {
        _standard = standard;
        _summer = summer;
        _begin = begin;
        _end = end;
    }

    /// <summary>Null when it is not one.</summary>
    public static PosixZone? Parse(string text)
    {
        var reader = new Reader(text);
        if (reader.Name() is not { } standardName || reader.Time() is not { } west) return null;
        var standard = (-west, standardName);
        if (reader.AtEnd) return new PosixZone(standard, null, default, default);
        if (reader.Name() is not { } summerName) return null;
        var summer = 3600 - west;
        if (!reader.AtEnd && reader.Peek != ',') summer = -(reader.Time() ?? west - 3600);
        if (!reader.Skip(',') || reader.Change() is not { } begin || !reader.Skip(',') || reader.Change() is not { } end || !reader.AtEnd) return null;
        return new PosixZone(standard, (summer, summerName), begin, end);
    }

    public (int Offset, string Name) At(long seconds)
    {
        if (_summer is not { } summer) return _standard;
        var year = DateTime.UnixEpoch.AddSeconds(seconds + _standard.Offset).Year;
        var begin = _begin.In(year) - _standard.Offset;
        var end = _end.In(year) - summer.Offset;
        var isSummer = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
        return isSummer ? summer : _standard;
    }

    /// <summary>Mmonth.week.day/time, Jday/time (1 to 365, no leap day) or day/time (0 to 365).</summary>
    private readonly record struct Change(char Kind, int Month, int Week, int Day, int Seconds)
    {
        /// <summary>Seconds since 1970 of the local clock.</summary>
        public long In(int year)
        {
            DateTime day;
            if (Kind == 'M')
            {
                var first = new DateTime(year, Month, 1, 0, 0, 0, DateTimeKind.Unspecified);
                var offset = (((Day - (int)first.DayOfWeek) + 7) % 7) + ((Week - 1) * 7);
                if (offset >= DateTime.DaysInMonth(year, Month)) offset -= 7;
                day = first.AddDays(offset);
            }
            else
            {
                var skipped = Kind == 'J' ? (DateTime.IsLeapYear(year) && Day >= 60 ? 0 : 1) : 0;
                day = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Unspecified).AddDays(Day - skipped);
            }

            return (long)(day - DateTime.UnixEpoch).TotalSeconds + Seconds;
        }
    }

    private struct Reader(string text)
    {
        private int _at;

        public readonly bool AtEnd => _at >= text.Length;

        public readonly char Peek => AtEnd ? '\0' : text[_at];

        public bool Skip(char c)
        {
            if (Peek != c) return false;
            _at++;
            return true;
        }

        public string? Name()
        {
            var start = _at;
            if (Skip('<'))
            {
                var close = text.IndexOf('>', _at);
                if (close < 0) return null;
                _at = close + 1;
                return text[(start + 1)..close];
            }

            while (char.IsAsciiLetter(Peek)) _at++;
            return _at - start >= 3 ? text[start.._at] : null;
        }

        /// <summary>[+-]hh[:mm[:ss]] in seconds.</summary>
        public int? Time()
        {
            var sign = Skip('-') ? -1 : 1;
            if (sign > 0) Skip('+');
            if (Number() is not { } hours) return null;
            var minutes = 0;
            var seconds = 0;
            if (Skip(':'))
            {
                minutes = Number() ?? 0;
                if (Skip(':')) seconds = Number() ?? 0;
            }

            return sign * ((hours * 3600) + (minutes * 60) + seconds);
        }

        public Change? Change()
        {
            var kind = Skip('M') ? 'M' : Skip('J') ? 'J' : 'D';
            if (Number() is not { } first) return null;
            int week = 0, day = first, month = 0;
            if (kind == 'M')
            {
                month = first;
                if (!Skip('.') || Number() is not { } w || !Skip('.') || Number() is not { } d) return null;
                (week, day) = (w, d);
                if (month is < 1 or > 12 || week is < 1 or > 5 || day > 6) return null;
            }

            var seconds = 2 * 3600;
            if (Skip('/'))
            {
                if (Time() is not { } time) return null;
                seconds = time;
            }

            return new Change(kind, month, week, day, seconds);
        }

        private int? Number()
        {
            var start = _at;
            while (char.IsAsciiDigit(Peek) && _at - start < 4) _at++;
            return _at == start ? null : int.Parse(text.AsSpan(start, _at - start), CultureInfo.InvariantCulture);
        }
    }
}
