using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>
/// Has descriptors held and released, one list after the other. What has begun goes on to its end, also when nobody waits any
/// more: a name has the whole new list or the whole old one.
/// </summary>
internal sealed class HoldQueue(KeeperConnection connection, HeldDescriptors held)
{
    private readonly Lock gate = new();
    private Task last = Task.CompletedTask;

    public async Task HoldAsync(string name, IReadOnlyList<Fd> descriptors, CancellationToken cancellationToken)
    {
        FdPart.CheckName(name);
        FdPart.CheckTotal(name, descriptors.Count);
        cancellationToken.ThrowIfCancellationRequested();
        if (descriptors.Count == 0)
        {
            await ReleaseAsync(name, cancellationToken);
            return;
        }
        var own = HeldDescriptors.Duplicate(descriptors);
        await Enqueue(() => SendAsync(name, own)).WaitAsync(cancellationToken);
    }

    public async Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        FdPart.CheckName(name);
        cancellationToken.ThrowIfCancellationRequested();
        await Enqueue(() => connection.AskAsync(
            PacketType.Release,
            (ref FieldWriter writer, List<Fd> _) =>
            {
                writer.Text(Field.Name, name);
                return true;
            },
            (type, fields, _) =>
            {
                Answers.Expect(type, PacketType.Done, fields);
                held.Set(name, null);
                return true;
            },
            CancellationToken.None)).WaitAsync(cancellationToken);
    }

    private async Task SendAsync(string name, IReadOnlyList<Fd> own)
    {
        try
        {
            for (var first = 0; first < own.Count;)
            {
                var next = first + FdPart.CountFrom(first, own.Count);
                try
                {
                    await connection.AskAsync(PacketType.Hold, HeldDescriptors.Part(name, own, first), Answer, CancellationToken.None);
                    first = next;
                }
                catch (TareException error) when (error.Kind == ErrorKind.Conflict && first > 0)
                {
                    // Another keeper, or this one after an upgrade, has not the parts before.
                    first = 0;
                }

                // On the reading thread: whatever happens next, another keeper gets the new list.
                bool Answer(PacketType type, ReadOnlySpan<byte> fields, List<Fd> _)
                {
                    Answers.Expect(type, PacketType.Done, fields);
                    if (next == own.Count) held.Set(name, own);
                    return true;
                }
            }
        }
        catch
        {
            HeldDescriptors.Close(own);
            throw;
        }
    }

    private Task Enqueue(Func<Task> work)
    {
        lock (gate) return last = AfterAsync(last, work);
    }

    private static async Task AfterAsync(Task before, Func<Task> work)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await work();
    }
}
