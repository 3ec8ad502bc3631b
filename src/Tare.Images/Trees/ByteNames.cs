namespace Tare.Images.Trees;

/// <summary>Compares names by their bytes.</summary>
internal sealed class ByteNames : IEqualityComparer<byte[]>
{
    internal static ByteNames Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x is null ? y is null : y is not null && x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj)
    {
        var hash = default(HashCode);
        hash.AddBytes(obj);
        return hash.ToHashCode();
    }
}
