namespace Tare.Linux.Netlink.Tables;

/// <summary>Numbers of linux/netfilter/nf_tables.h and linux/netfilter/nfnetlink.h that several files need.</summary>
internal static class NftMessage
{
    public const byte NEWTABLE = 0;
    public const byte GETTABLE = 1;
    public const byte DELTABLE = 2;
    public const byte NEWCHAIN = 3;
    public const byte GETCHAIN = 4;
    public const byte DELCHAIN = 5;
    public const byte NEWRULE = 6;
    public const byte GETRULE = 7;
    public const byte DELRULE = 8;
    public const byte NEWSET = 9;
    public const byte GETSET = 10;
    public const byte DELSET = 11;
    public const byte NEWSETELEM = 12;
    public const byte GETSETELEM = 13;
    public const byte DELSETELEM = 14;
    public const byte NEWGEN = 15;

    public const ushort NFTA_LIST_ELEM = 1;
    public const ushort NFTA_TABLE_NAME = 1;
    public const ushort NFTA_TABLE_FLAGS = 2;
    public const ushort NFTA_TABLE_OWNER = 7;
    public const ushort NFTA_CHAIN_TABLE = 1;
    public const ushort NFTA_CHAIN_NAME = 3;
    public const ushort NFTA_CHAIN_HOOK = 4;
    public const ushort NFTA_CHAIN_POLICY = 5;
    public const ushort NFTA_CHAIN_TYPE = 7;
    public const ushort NFTA_HOOK_HOOKNUM = 1;
    public const ushort NFTA_HOOK_PRIORITY = 2;
    public const ushort NFTA_RULE_TABLE = 1;
    public const ushort NFTA_RULE_CHAIN = 2;
    public const ushort NFTA_RULE_HANDLE = 3;
    public const ushort NFTA_RULE_EXPRESSIONS = 4;
    public const ushort NFTA_RULE_USERDATA = 7;
    public const ushort NFTA_EXPR_NAME = 1;
    public const ushort NFTA_EXPR_DATA = 2;
    public const ushort NFTA_SET_TABLE = 1;
    public const ushort NFTA_SET_NAME = 2;
    public const ushort NFTA_SET_FLAGS = 3;
    public const ushort NFTA_SET_KEY_TYPE = 4;
    public const ushort NFTA_SET_KEY_LEN = 5;
    public const ushort NFTA_SET_DATA_TYPE = 6;
    public const ushort NFTA_SET_DATA_LEN = 7;
    public const ushort NFTA_SET_DESC = 9;
    public const ushort NFTA_SET_ID = 10;
    public const ushort NFTA_SET_USERDATA = 13;
    public const ushort NFTA_SET_DESC_CONCAT = 2;
    public const ushort NFTA_SET_FIELD_LEN = 1;
    public const ushort NFTA_SET_ELEM_LIST_TABLE = 1;
    public const ushort NFTA_SET_ELEM_LIST_SET = 2;
    public const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    public const ushort NFTA_SET_ELEM_KEY = 1;
    public const ushort NFTA_SET_ELEM_DATA = 2;
    public const ushort NFTA_SET_ELEM_FLAGS = 3;
    public const ushort NFTA_SET_ELEM_KEY_END = 10;
    public const ushort NFTA_IMMEDIATE_DATA = 2;
    public const ushort NFTA_DATA_VALUE = 1;
    public const ushort NFTA_DATA_VERDICT = 2;
    public const uint NFT_SET_INTERVAL = 0x4;
    public const uint NFT_SET_MAP = 0x8;
    public const uint NFT_SET_CONCAT = 0x80;
    public const uint NFT_SET_ELEM_INTERVAL_END = 1;

    /// <summary>struct nfgenmsg.</summary>
    public const int HeaderSize = 4;

    private const ushort NFNL_SUBSYS_NFTABLES = 10;

    /// <summary>nlmsg_type.</summary>
    public static ushort KindOf(byte message) => (ushort)((NFNL_SUBSYS_NFTABLES << 8) | message);

    /// <summary>The message of a nlmsg_type; null when it is of another part of netfilter.</summary>
    public static byte? MessageOf(ushort kind) => kind >> 8 == NFNL_SUBSYS_NFTABLES ? (byte)kind : null;

    /// <summary>Begins a message with struct nfgenmsg.</summary>
    public static NetlinkWriter Begin(NetlinkWriter writer, byte message, ushort flags, NftFamily family) =>
        writer.Begin(KindOf(message), (ushort)(NetlinkSocket.NLM_F_REQUEST | flags)).U8((byte)family).U8(0).U16(0);

    /// <summary>The name that nft has for a family.</summary>
    public static string NameOf(NftFamily family) => family switch
    {
        NftFamily.Inet => "inet",
        NftFamily.IPv4 => "ip",
        NftFamily.IPv6 => "ip6",
        NftFamily.Bridge => "bridge",
        _ => $"family {(byte)family}",
    };

    /// <summary>The name that the kernel has for a type of chains.</summary>
    public static string NameOf(NftChainType type) => type switch
    {
        NftChainType.Nat => "nat",
        NftChainType.Route => "route",
        _ => "filter",
    };
}
