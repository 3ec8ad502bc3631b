using Tare.Linux;

namespace Tare.Images.Trees;

/// <summary>A name in a directory of stacked layers.</summary>
/// <param name="Name">Its bytes.</param>
/// <param name="Status">What it is in the uppermost layer that has it.</param>
/// <param name="Layer">That layer, counted from the top.</param>
/// <param name="IsWhiteout">Whether it only hides the name in the layers below.</param>
internal readonly record struct TreeEntry(byte[] Name, NodeStatus Status, int Layer, bool IsWhiteout)
{
    internal bool IsDirectory => Status.Type == FileSystem.TypeDirectory;
}
