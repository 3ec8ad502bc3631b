using Tare.Oci.Runtime.Writing;

namespace Tare.Oci.Runtime;

/// <summary>
/// Writes the documents of the runtime specification, in UTF-8, with runc's order and indentation. What <see cref="SpecReader"/>
/// reads of them is what was written: members that are null are left out, and lists that are empty are not.
/// </summary>
public static class SpecWriter
{
    /// <summary>Writes a configuration, indented with tabs (config.md).</summary>
    public static byte[] Write(Spec spec)
    {
        using var json = new DocumentWriter("\t");
        ConfigWriter.Write(json, spec);
        return json.ToArray();
    }

    /// <summary>Writes the state that hooks get, in one line (runtime.md, "State").</summary>
    public static byte[] WriteState(State state)
    {
        using var json = new DocumentWriter("");
        json.Object();
        StateWriter.WriteMembers(json, state);
        json.EndObject();
        return json.ToArray();
    }

    /// <summary>Writes what the verb <c>state</c> prints, indented with two blanks.</summary>
    public static byte[] WriteReport(StateReport report)
    {
        using var json = new DocumentWriter("  ");
        StateWriter.WriteReport(json, report);
        return json.ToArray();
    }

    /// <summary>Writes what <c>list --format json</c> prints: one line, ended; the list of no containers is <c>null</c>.</summary>
    public static byte[] WriteReports(IReadOnlyList<StateReport> reports)
    {
        using var json = new DocumentWriter("");
        if (reports.Count == 0)
        {
            json.Null();
            return json.ToArray(newLine: true);
        }

        json.List();
        foreach (var report in reports) StateWriter.WriteReport(json, report);
        json.EndList();
        return json.ToArray(newLine: true);
    }

    /// <summary>Writes what the verb <c>features</c> prints, indented with four blanks and ended (features.md).</summary>
    public static byte[] WriteFeatures(Features features)
    {
        using var json = new DocumentWriter("    ");
        FeaturesWriter.Write(json, features);
        return json.ToArray(newLine: true);
    }

    /// <summary>Writes what the socket of a seccomp listener gets, in one line (config-linux.md, "The Container Process State").</summary>
    public static byte[] WriteContainerProcessState(ContainerProcessState process)
    {
        using var json = new DocumentWriter("");
        StateWriter.WriteContainerProcess(json, process);
        return json.ToArray();
    }
}
