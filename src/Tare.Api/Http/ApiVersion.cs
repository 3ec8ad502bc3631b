using Tare.Wire;

namespace Tare.Api.Http;

/// <summary>A version of the Engine API: <c>1.44</c>. Missing and unreadable parts count as zero, as Docker compares them.</summary>
internal readonly record struct ApiVersion(int Major, int Minor) : IComparable<ApiVersion>
{
    internal static readonly ApiVersion Minimum = Parse(ApiVersions.Minimum);
    internal static readonly ApiVersion Maximum = Parse(ApiVersions.Maximum);

    public static bool operator <(ApiVersion left, ApiVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ApiVersion left, ApiVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ApiVersion left, ApiVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ApiVersion left, ApiVersion right) => left.CompareTo(right) >= 0;

    /// <summary>Reads <c>MAJOR[.MINOR]</c>.</summary>
    internal static ApiVersion Parse(ReadOnlySpan<char> text)
    {
        var dot = text.IndexOf('.');
        var major = dot < 0 ? text : text[..dot];
        var minor = dot < 0 ? default : text[(dot + 1)..];
        var second = minor.IndexOf('.');
        if (second >= 0)
            minor = minor[..second];
        return new ApiVersion(Number(major), Number(minor));
    }

    /// <summary>Whether this version is older than 1.MINOR.</summary>
    internal bool Before(int minor) => Major < 1 || (Major == 1 && Minor < minor);

    public int CompareTo(ApiVersion other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public override string ToString() => $"{Major}.{Minor}";

    private static int Number(ReadOnlySpan<char> digits) => int.TryParse(digits, out var number) ? number : 0;
}
