namespace Tare.Linux;

/// <summary>Names and numbers of signals, as in signal(7) for x86-64 and arm64.</summary>
public static class SignalNames
{
    private const int RealTimeMin = 34;
    private const int RealTimeMax = 64;
    private const int Named = 31;

    /// <summary>The number of a name in upper case and without <c>SIG</c>, such as <c>TERM</c> or <c>RTMIN+3</c>; 0: there is none.</summary>
    public static int NumberOf(string name) => name switch
    {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "TRAP" => 5,
        "ABRT" or "IOT" => 6,
        "BUS" => 7,
        "FPE" => 8,
        "KILL" => 9,
        "USR1" => 10,
        "SEGV" => 11,
        "USR2" => 12,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        "STKFLT" => 16,
        "CHLD" or "CLD" => 17,
        "CONT" => 18,
        "STOP" => 19,
        "TSTP" => 20,
        "TTIN" => 21,
        "TTOU" => 22,
        "URG" => 23,
        "XCPU" => 24,
        "XFSZ" => 25,
        "VTALRM" => 26,
        "PROF" => 27,
        "WINCH" => 28,
        "IO" or "POLL" => 29,
        "PWR" => 30,
        "SYS" => Named,
        "RTMIN" => RealTimeMin,
        "RTMAX" => RealTimeMax,
        _ when name.StartsWith("RTMIN+", StringComparison.Ordinal) => Offset(name, 15) is > 0 and var above ? RealTimeMin + above : 0,
        _ when name.StartsWith("RTMAX-", StringComparison.Ordinal) => Offset(name, 14) is > 0 and var below ? RealTimeMax - below : 0,
        _ => 0,
    };

    /// <summary>Whether there is a signal of this number that programs may use: glibc keeps two for itself.</summary>
    public static bool Exists(int number) => number is (>= 1 and <= Named) or (>= RealTimeMin and <= RealTimeMax);

    private static int Offset(string name, int largest)
    {
        var digits = name.AsSpan(6);
        if (digits.IsEmpty || digits[0] == '0') return 0;
        return int.TryParse(digits, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var offset) && offset <= largest ? offset : 0;
    }
}
