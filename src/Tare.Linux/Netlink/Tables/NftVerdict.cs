namespace Tare.Linux.Netlink.Tables;

/// <summary>What becomes of a packet: a code of linux/netfilter.h or linux/netfilter/nf_tables.h, and the chain that it goes to.</summary>
/// <param name="Code">NF_ or NFT_ number.</param>
/// <param name="Chain">The name of the chain, with a jump or a goto.</param>
public readonly record struct NftVerdict(int Code, string? Chain = null)
{
    private const ushort NFTA_DATA_VERDICT = 2;
    private const ushort NFTA_VERDICT_CODE = 1;
    private const ushort NFTA_VERDICT_CHAIN = 2;
    private const int NFT_JUMP = -3;
    private const int NFT_GOTO = -4;

    public static NftVerdict Drop { get; } = new(0);

    public static NftVerdict Accept { get; } = new(1);

    /// <summary>Back to the chain before; in a base chain its policy.</summary>
    public static NftVerdict Return { get; } = new(-5);

    /// <summary>To a chain, and back.</summary>
    public static NftVerdict Jump(string chain) => new(NFT_JUMP, chain);

    /// <summary>To a chain, and not back.</summary>
    public static NftVerdict Goto(string chain) => new(NFT_GOTO, chain);

    internal void Write(NetlinkWriter writer)
    {
        var (code, chain) = (Code, Chain);
        writer.Nest(NFTA_DATA_VERDICT, verdict =>
        {
            verdict.Network32(NFTA_VERDICT_CODE, (uint)code);
            if (chain is not null) verdict.Text(NFTA_VERDICT_CHAIN, chain);
        });
    }

    internal static NftVerdict Read(NetlinkAttributes attributes)
    {
        var verdict = default(NftVerdict);
        while (attributes.Next())
        {
            if (attributes.Kind == NFTA_VERDICT_CODE) verdict = verdict with { Code = (int)attributes.Network32 };
            if (attributes.Kind == NFTA_VERDICT_CHAIN) verdict = verdict with { Chain = attributes.Text };
        }
        return verdict;
    }
}
