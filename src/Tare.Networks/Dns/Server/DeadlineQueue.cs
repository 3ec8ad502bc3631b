using Tare.Networks.Loops;

namespace Tare.Networks.Dns.Server;

/// <summary>Something that has to be over by a time.</summary>
internal interface IDeadline : ISocketSource
{
    void OnDeadline();
}

/// <summary>Deadlines that are all equally far away when they are set, so that the first one set is the first to pass.</summary>
internal sealed class DeadlineQueue(TimeSpan length)
{
    private readonly long length = (long)length.TotalMilliseconds;
    private readonly LinkedList<(long At, IDeadline Owner)> waiting = [];

    /// <summary>Milliseconds until the first one; -1 when there is none.</summary>
    public int Next => waiting.First is { } first ? (int)Math.Clamp(first.Value.At - Environment.TickCount64, 0, int.MaxValue) : -1;

    /// <summary>Sets one, for <see cref="Clear"/>.</summary>
    public LinkedListNode<(long At, IDeadline Owner)> Set(IDeadline owner) => waiting.AddLast((Environment.TickCount64 + length, owner));

    /// <summary>Takes one back; nothing happens when it has passed.</summary>
    public void Clear(LinkedListNode<(long At, IDeadline Owner)>? deadline)
    {
        if (deadline?.List is not null) waiting.Remove(deadline);
    }

    /// <summary>Tells the owners of those that have passed.</summary>
    public void Expire()
    {
        while (waiting.First is { } first && first.Value.At <= Environment.TickCount64)
        {
            waiting.RemoveFirst();
            try
            {
                first.Value.Owner.OnDeadline();
            }
            catch (Exception fault)
            {
                first.Value.Owner.OnFault(fault);
            }
        }
    }
}
