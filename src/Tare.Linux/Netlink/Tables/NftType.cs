namespace Tare.Linux.Netlink.Tables;

/// <summary>
/// A type of keys and values of sets. The number is nft(8)'s own, for showing (the kernel only keeps it); the size is what the kernel goes by.
/// </summary>
/// <param name="Number">nft's number (enum datatypes).</param>
/// <param name="Size">Bytes of a value.</param>
public readonly record struct NftType(uint Number, int Size)
{
    /// <summary>How many bits of nft's number of a concatenation each part has.</summary>
    private const int TypeBits = 6;

    /// <summary>NFT_DATA_VERDICT.</summary>
    private const uint VerdictNumber = 0xffffff00;

    public static NftType IPv4Address { get; } = new(7, 4);

    public static NftType IPv6Address { get; } = new(8, 16);

    /// <summary>A number such as 6 for TCP.</summary>
    public static NftType Protocol { get; } = new(12, 1);

    /// <summary>A port.</summary>
    public static NftType Service { get; } = new(13, 2);

    public static NftType Mark { get; } = new(19, 4);

    /// <summary>The name of a device, filled up with zeros.</summary>
    public static NftType InterfaceName { get; } = new(41, 16);

    /// <summary>Of values only: what becomes of the packet.</summary>
    public static NftType Verdict { get; } = new(VerdictNumber, 16);

    /// <summary>Whether values are verdicts.</summary>
    public bool IsVerdict => Number == VerdictNumber;

    /// <summary>Bytes in registers and in concatenations: a multiple of four.</summary>
    public int PaddedSize => (Size + 3) & ~3;

    /// <summary>nft's number of a concatenation.</summary>
    internal static uint NumberOf(IReadOnlyList<NftType> parts)
    {
        var number = 0u;
        foreach (var part in parts) number = parts.Count == 1 ? part.Number : (number << TypeBits) | part.Number;
        return number;
    }

    /// <summary>Bytes of a concatenation, or of the one part.</summary>
    internal static int SizeOf(IReadOnlyList<NftType> parts) => parts.Count == 1 ? parts[0].Size : parts.Sum(static part => part.PaddedSize);
}
