using System.Runtime.InteropServices;
using System.Text;
using Tare.Cli.Commands;
using Tare.Client;
using Tare.Oci.Images;

namespace Tare.Cli.Formatting;

/// <summary>What <c>version</c> and <c>info</c> say of this program.</summary>
internal sealed class ClientFacts(Session session)
{
    public static string Architecture => PlatformSpecifier.HostArchitecture;

    /// <summary>The members of the JSON object that Docker's client has in its place.</summary>
    /// <param name="target">Takes them, with a comma between two.</param>
    /// <param name="withApi">Whether the version in use is among them.</param>
    public void AppendMembers(StringBuilder target, bool withApi)
    {
        var members = new List<(string Name, string Value)> { ("Version", BuildInfo.Version) };
        if (withApi) members.Add(("ApiVersion", session.Client.ApiVersion));
        members.AddRange(
        [
            ("DefaultAPIVersion", TareClient.MaximumApiVersion), ("GitCommit", BuildInfo.Commit), ("GoVersion", RuntimeInformation.FrameworkDescription), ("Os", "linux"),
            ("Arch", Architecture), ("BuildTime", BuildInfo.Time), ("Context", "default"),
        ]);
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0) target.Append(',');
            GoJson.AppendString(target, members[i].Name);
            target.Append(':');
            GoJson.AppendString(target, members[i].Value);
        }
    }

    /// <summary>A time of the API as C's asctime writes it, <c>Tue Sep 15 11:02:57 2026</c>; other texts stay.</summary>
    public static string Reformat(string time)
        => DateTimeOffset.TryParse(time, System.Globalization.CultureInfo.InvariantCulture, out var parsed) ? $"{parsed:ddd MMM} {parsed.Day,2} {parsed:HH:mm:ss yyyy}" : time;
}
