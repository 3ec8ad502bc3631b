using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>What the client holds of a process, so that another keeper can adopt it. Guarded by the client's lock.</summary>
internal sealed class HeldProcess(ProcessRecord record, List<Fd> descriptors) : IDisposable
{
    private readonly Dictionary<Slots, Fd> slots = Assign(record.Slots, descriptors);

    public ProcessRecord Record { get; set; } = record;

    public Fd? this[Slots slot] => slots.GetValueOrDefault(slot);

    /// <summary>A duplicate for the caller.</summary>
    public Fd? Copy(Slots slot) => this[slot]?.Duplicate();

    public void CloseStdin()
    {
        if (slots.Remove(Slots.Stdin, out var stdin)) stdin.Dispose();
    }

    /// <summary>The descriptors in the order of the protocol, and which they are.</summary>
    public Slots Collect(List<Fd> into)
    {
        var present = Slots.None;
        foreach (var (slot, fd) in slots.OrderBy(entry => (int)entry.Key))
        {
            present |= slot;
            into.Add(fd);
        }
        return present;
    }

    public void Dispose()
    {
        foreach (var fd in slots.Values) fd.Dispose();
        slots.Clear();
    }

    private static Dictionary<Slots, Fd> Assign(Slots present, List<Fd> descriptors)
    {
        var slots = new Dictionary<Slots, Fd>();
        var next = 0;
        foreach (var slot in Enum.GetValues<Slots>().Where(slot => slot != Slots.None).Order())
        {
            if ((present & slot) != 0 && next < descriptors.Count) slots.Add(slot, descriptors[next++]);
        }
        while (next < descriptors.Count) descriptors[next++].Dispose(); // of a newer keeper
        descriptors.Clear();
        return slots;
    }
}
