using System.Security.Cryptography;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Registry.Access;

/// <summary>A file of users and bcrypt hashes, <c>name:$2y$…</c>, as Apache's htpasswd -B writes it.</summary>
public static class HtpasswdFile
{
    /// <summary>2^10 rounds: some 50 ms for each guess.</summary>
    private const int WorkFactor = 10;

    /// <summary>What bcrypt looks at; what stands behind would be ignored, so that it is refused.</summary>
    private const int LongestPassword = 72;

    /// <summary>The users.</summary>
    /// <exception cref="TareException">The file cannot be read.</exception>
    public static IReadOnlyList<string> Users(string path) => [.. Read(path, out _).Keys.Order(StringComparer.Ordinal)];

    /// <summary>Adds a user, or gives one another password. The file is made when it is missing, for its owner's eyes alone.</summary>
    /// <returns>Whether the user is new.</returns>
    /// <exception cref="TareException">Name or password cannot be used, or the file cannot be written.</exception>
    public static bool Set(string path, string user, string password)
    {
        if (user.Length == 0 || user.AsSpan().ContainsAny(":\r\n#") || user.StartsWith('@') || user == "*" || user.Any(char.IsControl))
            throw TareException.Invalid($"\"{user}\" cannot be the name of a user: it may hold neither colons nor line ends nor #, begin with @, or be *");
        if (password.Length == 0) throw TareException.Invalid($"the password of {user} is empty");
        if (Encoding.UTF8.GetByteCount(password) > LongestPassword)
            throw TareException.Invalid($"the password of {user} is too long: bcrypt looks at {LongestPassword} bytes");
        var line = $"{user}:{BCrypt.Net.BCrypt.HashPassword(password, WorkFactor)}";
        return Edit(path, user, line);
    }

    /// <summary>Removes a user.</summary>
    /// <exception cref="TareException">There is none of that name, or the file cannot be written.</exception>
    public static void Remove(string path, string user)
    {
        if (!Edit(path, user, null)) return;
        throw TareException.NotFound($"there is no user {user} in {path}");
    }

    /// <summary>Reads users and hashes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ignored">Users whose hash is no bcrypt hash: they cannot log in.</param>
    /// <exception cref="TareException">It cannot be read.</exception>
    internal static IReadOnlyDictionary<string, string> Read(string path, out IReadOnlyList<string> ignored)
    {
        var users = new Dictionary<string, string>(StringComparer.Ordinal);
        var others = new List<string>();
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                var text = line.Trim();
                if (text.Length == 0 || text[0] == '#') continue;
                var colon = text.IndexOf(':', StringComparison.Ordinal);
                if (colon <= 0) continue;
                var (name, hash) = (text[..colon], text[(colon + 1)..]);
                if (IsBcrypt(hash)) users[name] = hash;
                else others.Add(name);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Invalid($"the file of users {path} cannot be read: {e.Message}; make it by `tare registry user add`", e);
        }

        ignored = others;
        return users;
    }

    /// <summary>Whether a password is that of a hash.</summary>
    internal static bool Verify(string password, string hash)
    {
        try
        {
            return Encoding.UTF8.GetByteCount(password) <= LongestPassword && BCrypt.Net.BCrypt.Verify(password, hash);
        }
        catch (Exception e) when (e is BCrypt.Net.SaltParseException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Replaces or removes a user's line; all others stay as they are. Whoever edits at the same time waits.</summary>
    /// <returns>Whether there was no such line.</returns>
    private static bool Edit(string path, string user, string? replacement)
    {
        var full = Path.GetFullPath(path);
        try
        {
            using var taken = RegularFiles.OpenLocked(full + ".lock", wait: true);
            var lines = File.Exists(full) ? File.ReadAllLines(full).ToList() : [];
            var at = lines.FindIndex(line => line.TrimStart().StartsWith(user + ":", StringComparison.Ordinal));
            if (at >= 0) lines.RemoveAt(at);
            if (replacement is not null) lines.Insert(at < 0 ? lines.Count : at, replacement);
            if (at < 0 && replacement is null)
            {
                File.Delete(full + ".lock");
                return true;
            }

            var mode = File.Exists(full) ? File.GetUnixFileMode(full) : UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var draft = full + "." + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
            using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                foreach (var line in lines) stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
                stream.Flush(flushToDisk: true);
            }

            File.Move(draft, full, overwrite: true);
            File.Delete(full + ".lock");
            return at < 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Internal($"the file of users {path} cannot be written: {e.Message}", e);
        }
    }

    private static bool IsBcrypt(string hash) => hash.Length == 60 && hash.StartsWith("$2", StringComparison.Ordinal);
}
