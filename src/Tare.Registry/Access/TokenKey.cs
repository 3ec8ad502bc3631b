using System.Security.Cryptography;
using Tare.Errors;

namespace Tare.Registry.Access;

/// <summary>The key that tokens are signed with: 32 random bytes in the root, for its owner's eyes alone. Without it no token of before is good any more.</summary>
internal static class TokenKey
{
    private const int Length = 32;

    /// <summary>Reads it, or makes it.</summary>
    /// <exception cref="TareException">It is there and is none.</exception>
    internal static byte[] Load(string root)
    {
        var path = Path.Combine(root, "token.key");
        if (File.Exists(path))
        {
            var known = File.ReadAllBytes(path);
            return known.Length == Length ? known : throw TareException.Internal($"the key {path} is damaged: it has not {Length} bytes; remove it, and clients will log in anew");
        }

        var key = RandomNumberGenerator.GetBytes(Length);
        var draft = path + ".new";
        File.Delete(draft);
        using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            stream.Write(key);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path);
        return key;
    }
}
