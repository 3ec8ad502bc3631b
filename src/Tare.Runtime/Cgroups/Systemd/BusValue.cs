namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>A value with its D-Bus type (D-Bus Specification, "Type System").</summary>
/// <param name="Signature">One complete type: a basic one, <c>a</c> and the type of an element, or types in brackets.</param>
/// <param name="Content">
/// A .NET value of the same width for a basic type; for an array of bytes the bytes; for other arrays and structures
/// a list of the elements' contents.
/// </param>
internal sealed record BusValue(string Signature, object Content)
{
    public static BusValue Of(string value) => new("s", value);

    public static BusValue Of(bool value) => new("b", value);

    public static BusValue Of(ulong value) => new("t", value);

    public static BusValue Of(byte[] value) => new("ay", value);

    public static BusValue OfProcesses(params IReadOnlyList<uint> pids)
    {
        var elements = new object[pids.Count];
        for (var i = 0; i < elements.Length; i++) elements[i] = pids[i];
        return new BusValue("au", elements);
    }

    public static BusValue OfStrings(params IReadOnlyList<string> values)
    {
        var elements = new object[values.Count];
        for (var i = 0; i < elements.Length; i++) elements[i] = values[i];
        return new BusValue("as", elements);
    }
}

/// <summary>A property of a systemd unit (org.freedesktop.systemd1(5)).</summary>
internal sealed record UnitProperty(string Name, BusValue Value);
