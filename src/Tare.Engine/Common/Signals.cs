using System.Collections.Frozen;
using System.Globalization;
using Tare.Errors;

namespace Tare.Engine.Common;

/// <summary>Names and numbers of signals, as in signal(7) for x86-64 and arm64.</summary>
internal static class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    private const int RealTimeMin = 34;
    private const int RealTimeMax = 64;

    private static readonly FrozenDictionary<string, int> Numbers = Table().ToFrozenDictionary(StringComparer.Ordinal);
    private static readonly FrozenSet<int> Valid = Numbers.Values.ToFrozenSet();

    /// <summary>Reads a name, with or without <c>SIG</c> and in any case, or a number.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    public static int Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number == 0 ? throw Unknown(text) : number;
        var name = text.ToUpperInvariant();
        if (name.StartsWith("SIG", StringComparison.Ordinal)) name = name[3..];
        return Numbers.TryGetValue(name, out number) ? number : throw Unknown(text);
    }

    /// <summary>Whether the kernel knows a signal of this number.</summary>
    public static bool Exists(int number) => Valid.Contains(number);

    private static TareException Unknown(string text) => TareException.Invalid($"invalid signal: {text}");

    private static Dictionary<string, int> Table()
    {
        var table = new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["ILL"] = 4, ["TRAP"] = 5, ["ABRT"] = 6, ["IOT"] = 6, ["BUS"] = 7, ["FPE"] = 8,
            ["KILL"] = 9, ["USR1"] = 10, ["SEGV"] = 11, ["USR2"] = 12, ["PIPE"] = 13, ["ALRM"] = 14, ["TERM"] = 15, ["STKFLT"] = 16,
            ["CHLD"] = 17, ["CLD"] = 17, ["CONT"] = 18, ["STOP"] = 19, ["TSTP"] = 20, ["TTIN"] = 21, ["TTOU"] = 22, ["URG"] = 23,
            ["XCPU"] = 24, ["XFSZ"] = 25, ["VTALRM"] = 26, ["PROF"] = 27, ["WINCH"] = 28, ["IO"] = 29, ["POLL"] = 29, ["PWR"] = 30,
            ["SYS"] = 31, ["RTMIN"] = RealTimeMin, ["RTMAX"] = RealTimeMax,
        };
        for (var i = 1; i <= 15; i++) table[$"RTMIN+{i}"] = RealTimeMin + i;
        for (var i = 1; i <= 14; i++) table[$"RTMAX-{i}"] = RealTimeMax - i;
        return table;
    }
}
