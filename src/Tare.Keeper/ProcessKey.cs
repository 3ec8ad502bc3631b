namespace Tare.Keeper;

/// <summary>
/// The name of one launch: an id (of a container or an exec) and a number that the daemon raises with every launch under that
/// id. A launch is idempotent by its key: repeated, it is answered with the first one's result.
/// </summary>
/// <param name="Id">The id of the container or exec; at most 255 bytes of UTF-8.</param>
/// <param name="Generation">Which launch of this id it is.</param>
public readonly record struct ProcessKey(string Id, long Generation)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Id}:{Generation}";
}
