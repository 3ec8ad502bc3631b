using Tare.Oci;

namespace Tare.Images.Catalogs;

/// <summary>A manifest or an index, in its own bytes.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Digest">The digest of its bytes.</param>
/// <param name="Content">The bytes.</param>
internal sealed record ImageDocument(string MediaType, Digest Digest, byte[] Content);
