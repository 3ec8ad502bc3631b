using Tare.Errors;

namespace Tare.Oci.Runtime.Validation;

/// <summary>Strings that become paths, names and arguments of system calls, which end at a NUL byte.</summary>
internal static class Texts
{
    /// <summary>Whether a string would be cut.</summary>
    public static bool IsCut(string? value) => value is not null && value.Contains('\0', StringComparison.Ordinal);

    /// <summary>Refuses a string that would be cut.</summary>
    public static void Check(string? value, string member)
    {
        if (IsCut(value)) throw Cut(member);
    }

    /// <summary>Refuses strings that would be cut.</summary>
    public static void Check(IReadOnlyList<string>? values, string member)
    {
        for (var i = 0; i < values?.Count; i++)
        {
            if (IsCut(values[i])) throw Cut($"{member}[{i}]");
        }
    }

    /// <summary>The error of a string that would be cut.</summary>
    public static TareException Cut(string member) =>
        Sentence.Invalid($"{member} holds a NUL byte, which the kernel takes for its end: remove it");

    /// <summary>Whether a path starts at the root.</summary>
    public static bool IsAbsolute(string? path) => path is ['/', ..];
}
