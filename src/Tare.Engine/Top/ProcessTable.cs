namespace Tare.Engine.Top;

/// <summary>The processes of a container as rows of text.</summary>
internal static class ProcessTable
{
    /// <summary>One row for each process that still lives, in the order of their ids.</summary>
    public static List<string[]> Rows(IEnumerable<int> pids, PsFormat format, TimeProvider time)
    {
        var clock = ProcessClock.Read(time);
        var rows = new List<string[]>();
        foreach (var pid in pids.Order())
        {
            if (ProcessEntry.Read(pid) is { } process) rows.Add([.. format.Columns.Select(column => column.Render(process, clock))]);
        }
        return rows;
    }
}
