using System.Globalization;
using System.Text;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Errors;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>oci list: the containers below the root.</summary>
internal sealed class OciList : OciVerb
{
    private const int ColumnMinimum = 12;
    private const int ColumnPadding = 3;

    private readonly TextFlag format;
    private readonly SwitchFlag quiet;

    public OciList()
        : base("", "List the containers below the root", ArgumentCount.None)
    {
        format = Flags.Text("format", "Form of the list: \"table\" or \"json\"", 'f', initial: "table");
        quiet = Flags.Switch("quiet", "Print the ids alone", 'q');
    }

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        // Nobody has made a container yet where the root is not said; where it is, it may be mistaken.
        if (session.Options.Root.Given && !Directory.Exists(session.Context.Root))
            throw new CommandException($"open {session.Context.Root}: no such file or directory: create a container first, or choose another --root");
        var reports = Reports(session);
        if (quiet.Value)
        {
            foreach (var report in reports) session.Out.WriteLine(report.State.Id);
            return 0;
        }
        switch (format.Value)
        {
            case "table":
                session.Out.Write(Table(reports));
                return 0;
            case "json":
                session.Out.WriteThrough(SpecWriter.WriteReports(reports));
                return 0;
            default:
                throw new CommandException($"invalid format option {format.Value}: use table or json");
        }
    }

    /// <summary>One that is damaged is told of, and the others are listed; one that goes away meanwhile is none.</summary>
    private static List<StateReport> Reports(OciSession session)
    {
        var reports = new List<StateReport>();
        foreach (var container in OciContainer.List(session.Context))
        {
            using (container)
            {
                try
                {
                    reports.Add(new StateReport(container.StateOf(container.Status()), container.Rootfs, container.Created, UserNames.Of(container.Owner)));
                }
                catch (TareException e)
                {
                    session.Log.Warn(e.Message);
                }
            }
        }
        return reports;
    }

    private static string Table(List<StateReport> reports)
    {
        var rows = new StringBuilder("ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n");
        foreach (var report in reports)
        {
            var (state, created) = (report.State, report.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture));
            rows.Append(CultureInfo.InvariantCulture, $"{state.Id}\t{state.Pid ?? 0}\t{state.Status}\t{state.Bundle}\t{created}\t{report.Owner}\n");
        }
        var table = new StringBuilder();
        TabWriter.Align(table, rows.ToString(), ColumnMinimum, ColumnPadding);
        return table.ToString();
    }
}
