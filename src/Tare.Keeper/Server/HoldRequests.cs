using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Carries out what daemons ask for about held descriptors: see <see cref="Packet"/>.</summary>
internal sealed class HoldRequests(FdStore store)
{
    public void Hold(Session session, ulong request, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        store.Add(session.Id, FdPart.Read(fields), descriptors);
        Requests.Done(session, request);
    }

    public void Release(Session session, ulong request, ReadOnlySpan<byte> fields)
    {
        var reader = new FieldReader(fields);
        while (reader.Next())
        {
            if (reader.Field == Field.Name) store.Release(reader.Text);
        }
        Requests.Done(session, request);
    }

    /// <summary>Tells all that is held. A list that another daemon replaces while it is on its way is said to be torn.</summary>
    public void List(Session session, ulong request)
    {
        var torn = false;
        foreach (var (name, list) in store.All)
        {
            for (var next = 0; next < list.Count; next += FdPart.CountFrom(next, list.Count))
            {
                var first = next;
                session.Send(PacketType.Held, request, (ref FieldWriter writer, List<Fd> sending) =>
                {
                    if (!store.IsHeld(name, list))
                    {
                        torn = true;
                        return false;
                    }
                    FdPart.Write(ref writer, sending, name, list, first);
                    return true;
                });
            }
        }
        session.Send(PacketType.Done, request, (ref FieldWriter writer, List<Fd> _) =>
        {
            writer.Flag(Field.Torn, torn);
            return true;
        });
    }

    /// <summary>A connection has ended: a list of which it has sent a part is not held.</summary>
    public void Closed(Session session) => store.Forget(session.Id);
}
