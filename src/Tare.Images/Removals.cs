using Tare.Oci;

namespace Tare.Images;

/// <summary>How far a removal goes.</summary>
/// <param name="Force">Whether names go though stopped containers use the image, and though it has several.</param>
/// <param name="Prune">Whether nameless images that this one was built from go too.</param>
public sealed record RemoveOptions(bool Force, bool Prune);

/// <summary>One thing that a removal did. Exactly one of <see cref="Untagged"/> and <see cref="Deleted"/> is set.</summary>
/// <param name="Untagged">The name that is gone, in its familiar form.</param>
/// <param name="Deleted">The id of the image, or the chain id of the layer, that is gone.</param>
/// <param name="Image">The image it was about; empty for a layer.</param>
public sealed record ImageRemoval(string? Untagged, string? Deleted, Digest Image);

/// <summary>A container that uses an image.</summary>
/// <param name="Id">The container's id.</param>
/// <param name="Running">Whether it runs.</param>
public sealed record ImageUser(string Id, bool Running);

/// <summary>Tells which containers use an image.</summary>
public delegate IEnumerable<ImageUser> ImageUsers(Digest image);
