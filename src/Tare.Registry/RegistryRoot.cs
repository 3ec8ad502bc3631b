using Tare.Errors;
using Tare.Linux;

namespace Tare.Registry;

/// <summary>The folder of a registry, held by one process.</summary>
/// <remarks>
/// <code>
/// registry.db             repositories, manifests, tags, links, uploads (Metadata/RegistrySchema.cs)
/// blobs/sha256/ab/HEX     blobs, each once, whatever repositories have it
/// uploads/ID              blobs that are being received
/// token.key               what tokens are signed with
/// control.sock            while a server runs
/// registry.lock           held by whoever uses the folder
/// </code>
/// </remarks>
internal static class RegistryRoot
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder if it is missing, and holds it.</summary>
    /// <exception cref="TareException">It cannot be made, or another process has it.</exception>
    internal static Fd Own(string root)
    {
        try
        {
            Directory.CreateDirectory(root, Private);
            return RegularFiles.OpenLocked(Path.Combine(root, "registry.lock"), wait: false)
                ?? throw TareException.Conflict($"another registry is running on the root {root}: stop it, or give this one a --root of its own");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Invalid($"cannot make the root {root}: {e.Message}", e);
        }
    }
}
