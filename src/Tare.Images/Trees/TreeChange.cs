namespace Tare.Images.Trees;

/// <summary>What a container has done to a path. The numbers are the API's.</summary>
public enum TreeChangeKind
{
    Modified = 0,
    Added = 1,
    Deleted = 2,
}

/// <summary>A path that a container has changed.</summary>
/// <param name="Kind">How.</param>
/// <param name="Path">From the root, with a slash before it.</param>
public readonly record struct TreeChange(TreeChangeKind Kind, string Path);
