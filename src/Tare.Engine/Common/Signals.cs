using System.Globalization;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Engine.Common;

/// <summary>Signals as the API's clients write them.</summary>
internal static class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>Reads a name, with or without <c>SIG</c> and in any case, or a number.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    public static int Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number == 0 ? throw Unknown(text) : number;
        var name = text.ToUpperInvariant();
        if (name.StartsWith("SIG", StringComparison.Ordinal)) name = name[3..];
        return SignalNames.NumberOf(name) is > 0 and var known ? known : throw Unknown(text);
    }

    /// <summary>Whether the kernel knows a signal of this number.</summary>
    public static bool Exists(int number) => SignalNames.Exists(number);

    private static TareException Unknown(string text) => TareException.Invalid($"invalid signal: {text}");
}
