using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Keeper.Protocol;

/// <summary>
/// A part of a named list of descriptors, as many as one packet carries: the whole list is there when the last part is.
/// </summary>
/// <param name="Name">The list's name, of <see cref="MaxNameBytes"/> at most.</param>
/// <param name="Total">How many descriptors the whole list has.</param>
/// <param name="First">The index of the first one of this part.</param>
internal readonly record struct FdPart(string Name, int Total, int First)
{
    /// <summary>How long a name may be, in bytes of UTF-8.</summary>
    public const int MaxNameBytes = 255;

    /// <summary>How many descriptors a name may have.</summary>
    public const int MaxTotal = 65536;

    /// <summary>How many descriptors the part from an index on has.</summary>
    public static int CountFrom(int first, int total) => Math.Min(SeqPacketSocket.MaxDescriptors, total - first);

    /// <exception cref="TareException">The name is empty or too long.</exception>
    public static void CheckName(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) is 0 or > MaxNameBytes) throw TareException.Invalid($"the name of held descriptors has 1 to {MaxNameBytes} bytes: \"{name}\"");
    }

    /// <exception cref="TareException">There are too many.</exception>
    public static void CheckTotal(string name, int total)
    {
        if (total > MaxTotal) throw TareException.Invalid($"a name holds at most {MaxTotal} descriptors, not {total}: \"{name}\"");
    }

    /// <summary>Writes the part of a list from an index on.</summary>
    public static void Write(ref FieldWriter writer, List<Fd> sending, string name, IReadOnlyList<Fd> list, int first)
    {
        writer.Text(Field.Name, name);
        writer.Number(Field.Total, list.Count);
        writer.Number(Field.First, first);
        for (int i = first, end = first + CountFrom(first, list.Count); i < end; i++) sending.Add(list[i]);
    }

    /// <exception cref="TareException">The fields say what no part says.</exception>
    public static FdPart Read(ReadOnlySpan<byte> fields)
    {
        var reader = new FieldReader(fields);
        var name = "";
        long total = 0, first = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Name: name = reader.Text; break;
                case Field.Total: total = reader.Number; break;
                case Field.First: first = reader.Number; break;
            }
        }
        CheckName(name);
        if (total is < 1 or > MaxTotal || first < 0 || first >= total) throw TareException.Invalid($"malformed keeper message: {first} of {total} descriptors");
        return new FdPart(name, (int)total, (int)first);
    }
}

/// <summary>Puts the parts of one list together. What is not complete is closed when it is disposed.</summary>
internal sealed class FdAssembly(FdPart begin) : IDisposable
{
    private readonly List<Fd> list = new(begin.Total);

    /// <summary>Whether a part is the one that comes next.</summary>
    public bool Continues(FdPart part) => part.Name == begin.Name && part.Total == begin.Total && part.First == list.Count;

    /// <summary>Takes the descriptors of the part that comes next; gives the list when it was the last, and it is the caller's then.</summary>
    /// <exception cref="TareException">They are none, or more than the list has.</exception>
    public IReadOnlyList<Fd>? Add(List<Fd> descriptors)
    {
        if (descriptors.Count == 0 || descriptors.Count > begin.Total - list.Count)
            throw TareException.Invalid($"malformed keeper message: {descriptors.Count} descriptors after {list.Count} of {begin.Total}");
        list.AddRange(descriptors);
        descriptors.Clear();
        if (list.Count < begin.Total) return null;
        var whole = list.ToArray();
        list.Clear();
        return whole;
    }

    public void Dispose()
    {
        foreach (var fd in list) fd.Dispose();
        list.Clear();
    }
}
