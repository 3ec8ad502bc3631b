using System.Globalization;
using Tare.Linux;

namespace Tare.Cli.Oci;

/// <summary>Names of the host's users, as <c>/etc/passwd</c> has them: a runtime does not ask a directory service.</summary>
internal static class UserNames
{
    /// <summary>The user's name; <c>#</c> and the number for one who has none.</summary>
    public static string Of(uint id)
    {
        var number = id.ToString(CultureInfo.InvariantCulture);
        foreach (var line in (FileContent.TryReadText("/etc/passwd") ?? "").Split('\n'))
        {
            var fields = line.Split(':');
            if (fields.Length > 2 && fields[2] == number && fields[0].Length > 0) return fields[0];
        }
        return "#" + number;
    }
}
