using System.Globalization;
using Tare.Errors;

namespace Tare.Api.Hosting;

/// <summary>The group that may use the unix sockets, from <c>/etc/group</c> (group(5)).</summary>
internal static class SocketGroups
{
    private static readonly string[] Usual = ["docker", "tare"];

    /// <summary>The id of the named group or number; without a name, of the first usual group that exists; null when there is none.</summary>
    /// <exception cref="TareException">The group was named and does not exist.</exception>
    internal static uint? Find(string? name, string groupFile = "/etc/group")
    {
        var groups = File.Exists(groupFile) ? File.ReadAllLines(groupFile) : [];
        if (string.IsNullOrEmpty(name))
            return Usual.Select(usual => IdOf(groups, usual)).FirstOrDefault(id => id is not null);
        return IdOf(groups, name)
            ?? (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw TareException.NotFound($"group {name} not found: name an existing group for the API's sockets, or none"));
    }

    private static uint? IdOf(string[] groups, string name)
    {
        foreach (var line in groups)
        {
            var fields = line.Split(':');
            if (fields.Length >= 3 && fields[0] == name && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                return id;
        }

        return null;
    }
}
