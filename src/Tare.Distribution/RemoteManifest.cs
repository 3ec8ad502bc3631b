using Tare.Oci;

namespace Tare.Distribution;

/// <summary>A manifest or an index as a registry has it.</summary>
/// <param name="MediaType">Its type: the document's own member, or the header where it has none.</param>
/// <param name="Digest">The digest of <paramref name="Content"/>.</param>
/// <param name="Content">The exact bytes.</param>
public sealed record RemoteManifest(string MediaType, Digest Digest, byte[] Content);
