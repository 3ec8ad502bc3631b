namespace Tare.Linux.Netlink.Tables;

/// <summary>Sets and their elements as messages: enum nft_set_attributes, enum nft_set_elem_list_attributes.</summary>
internal static class NftSetMessage
{
    /// <summary>How much of the at most 65,535 bytes of the list of elements is used before another message is begun.</summary>
    private const int ListLimit = 64_000;

    /// <summary>The attributes of a set that is to be made.</summary>
    public static void Write(NetlinkWriter writer, NftSet set, uint number)
    {
        writer.Text(NftMessage.NFTA_SET_TABLE, set.Table.Name).Text(NftMessage.NFTA_SET_NAME, set.Name).Network32(NftMessage.NFTA_SET_FLAGS, FlagsOf(set));
        writer.Network32(NftMessage.NFTA_SET_KEY_TYPE, NftType.NumberOf(set.Key)).Network32(NftMessage.NFTA_SET_KEY_LEN, (uint)NftType.SizeOf(set.Key));
        if (set.Value.Count > 0)
        {
            writer.Network32(NftMessage.NFTA_SET_DATA_TYPE, NftType.NumberOf(set.Value));
            if (!set.Value[0].IsVerdict) writer.Network32(NftMessage.NFTA_SET_DATA_LEN, (uint)NftType.SizeOf(set.Value));
        }
        writer.Network32(NftMessage.NFTA_SET_ID, number);
        if (set.Key is [var only] && only == NftType.InterfaceName) writer.Attribute(NftMessage.NFTA_SET_USERDATA, HostOrder());
        if (set.Key.Count < 2) return;
        writer.Nest(NftMessage.NFTA_SET_DESC, description => description.Nest(NftMessage.NFTA_SET_DESC_CONCAT, parts =>
        {
            foreach (var part in set.Key) parts.Nest(NftMessage.NFTA_LIST_ELEM, field => field.Network32(NftMessage.NFTA_SET_FIELD_LEN, (uint)part.Size));
        }));
    }

    /// <summary>NFTA_SET_FLAGS.</summary>
    public static uint FlagsOf(NftSet set) =>
        (set.Intervals ? NftMessage.NFT_SET_INTERVAL : 0) | (set.Value.Count > 0 ? NftMessage.NFT_SET_MAP : 0) | (set.Key.Count > 1 ? NftMessage.NFT_SET_CONCAT : 0);

    /// <summary>A set as a message tells of it.</summary>
    public static NftSetInfo Read(NetlinkAttributes attributes)
    {
        var set = new NftSetInfo("");
        while (attributes.Next())
        {
            set = attributes.Kind switch
            {
                NftMessage.NFTA_SET_NAME => set with { Name = attributes.Text },
                NftMessage.NFTA_SET_FLAGS => set with { Flags = attributes.Network32 },
                NftMessage.NFTA_SET_KEY_TYPE => set with { KeyType = attributes.Network32 },
                NftMessage.NFTA_SET_KEY_LEN => set with { KeySize = attributes.Network32 },
                NftMessage.NFTA_SET_DATA_TYPE => set with { ValueType = attributes.Network32 },
                NftMessage.NFTA_SET_DATA_LEN => set with { ValueSize = attributes.Network32 },
                _ => set,
            };
        }
        return set;
    }

    /// <summary>Tells nft(8), which shows empty names otherwise, that keys are in the machine's order: type, length and value, as in its NFTNL_UDATA_SET_KEYBYTEORDER.</summary>
    private static byte[] HostOrder() => [0, sizeof(uint), .. BitConverter.GetBytes(1u)];

    /// <summary>Messages with elements, as many as it takes.</summary>
    public static void WriteElements(NetlinkWriter writer, byte message, ushort flags, NftSet set, IReadOnlyCollection<NftElement> elements)
    {
        var list = -1;
        var (keySize, valueSize) = (NftType.SizeOf(set.Key), NftType.SizeOf(set.Value));
        var isVerdict = set.Value.Count > 0 && set.Value[0].IsVerdict;
        foreach (var element in elements)
        {
            if (element.Key.Length != keySize || (element.Value is { } given && given.Length != valueSize)) throw new ArgumentException($"an element of the set {set} has a key of {keySize} bytes and a value of {valueSize}", nameof(elements));
            if (list >= 0 && writer.Written.Length - list > ListLimit)
            {
                writer.EndNest(list);
                writer.End();
                list = -1;
            }
            if (list < 0)
            {
                NftMessage.Begin(writer, message, flags, set.Table.Family).Text(NftMessage.NFTA_SET_ELEM_LIST_TABLE, set.Table.Name).Text(NftMessage.NFTA_SET_ELEM_LIST_SET, set.Name);
                list = writer.BeginNest(NftMessage.NFTA_SET_ELEM_LIST_ELEMENTS);
            }
            WriteElement(writer, set, element, withValue: message == NftMessage.NEWSETELEM, isVerdict);
        }
        if (list < 0) return;
        writer.EndNest(list);
        writer.End();
    }

    /// <summary>Adds the elements that a message tells of.</summary>
    public static void ReadElements(ReadOnlySpan<byte> body, List<NftElement> list)
    {
        for (var attributes = NetlinkAttributes.After(body, NftMessage.HeaderSize); attributes.Next();)
        {
            if (attributes.Kind != NftMessage.NFTA_SET_ELEM_LIST_ELEMENTS) continue;
            for (var elements = attributes.Nested; elements.Next();) list.Add(ReadElement(elements.Nested));
        }
    }

    private static void WriteElement(NetlinkWriter writer, NftSet set, NftElement element, bool withValue, bool isVerdict)
    {
        var nest = writer.BeginNest(NftMessage.NFTA_LIST_ELEM);
        WriteData(writer, NftMessage.NFTA_SET_ELEM_KEY, element.Key);
        var last = element.Last ?? element.Key;
        if (set.Intervals && set.Key.Count > 1) WriteData(writer, NftMessage.NFTA_SET_ELEM_KEY_END, last);
        if (withValue && isVerdict && element.Verdict is { } verdict) writer.Nest(NftMessage.NFTA_SET_ELEM_DATA, verdict.Write);
        else if (withValue && element.Value is { } value) WriteData(writer, NftMessage.NFTA_SET_ELEM_DATA, value);
        writer.EndNest(nest);
        // A range of keys of one part is two elements: its first key, and the first after it.
        if (!set.Intervals || set.Key.Count > 1 || !TryNext(last, out var after)) return;
        nest = writer.BeginNest(NftMessage.NFTA_LIST_ELEM);
        WriteData(writer, NftMessage.NFTA_SET_ELEM_KEY, after);
        writer.Network32(NftMessage.NFTA_SET_ELEM_FLAGS, NftMessage.NFT_SET_ELEM_INTERVAL_END);
        writer.EndNest(nest);
    }

    /// <summary>Without a closure: there are tens of thousands.</summary>
    private static void WriteData(NetlinkWriter writer, ushort kind, byte[] value)
    {
        var nest = writer.BeginNest(kind);
        writer.Attribute(NftMessage.NFTA_DATA_VALUE, value);
        writer.EndNest(nest);
    }

    /// <summary>The next higher key; none after the highest.</summary>
    private static bool TryNext(byte[] key, out byte[] next)
    {
        next = (byte[])key.Clone();
        for (var i = next.Length - 1; i >= 0; i--)
        {
            if (++next[i] != 0) return true;
        }
        return false;
    }

    private static NftElement ReadElement(NetlinkAttributes attributes)
    {
        var element = new NftElement([]);
        while (attributes.Next())
        {
            switch (attributes.Kind)
            {
                case NftMessage.NFTA_SET_ELEM_KEY: element = element with { Key = ReadValue(attributes.Nested) }; break;
                case NftMessage.NFTA_SET_ELEM_KEY_END: element = element with { Last = ReadValue(attributes.Nested) }; break;
                case NftMessage.NFTA_SET_ELEM_FLAGS: element = element with { IsRangeEnd = (attributes.Network32 & NftMessage.NFT_SET_ELEM_INTERVAL_END) != 0 }; break;
                case NftMessage.NFTA_SET_ELEM_DATA:
                    for (var data = attributes.Nested; data.Next();)
                    {
                        if (data.Kind == NftMessage.NFTA_DATA_VALUE) element = element with { Value = data.Value.ToArray() };
                        if (data.Kind == NftMessage.NFTA_DATA_VERDICT) element = element with { Verdict = NftVerdict.Read(data.Nested) };
                    }
                    break;
                default: break;
            }
        }
        return element;
    }

    private static byte[] ReadValue(NetlinkAttributes attributes)
    {
        while (attributes.Next())
        {
            if (attributes.Kind == NftMessage.NFTA_DATA_VALUE) return attributes.Value.ToArray();
        }
        return [];
    }
}
