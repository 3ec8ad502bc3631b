using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tare.Errors;
using Tare.Registry.Configuration;
using Tare.Registry.Metadata;

namespace Tare.Registry.Access;

/// <summary>
/// Checks passwords against a file that is read again when it changes. What was right is remembered for a while, by a keyed hash: bcrypt
/// takes as long as a hundred requests. Thread-safe.
/// </summary>
internal sealed class PasswordCheck : IDisposable
{
    private const int MostRemembered = 4096;

    /// <summary>A hash that no password is likely to have: who is not there takes as long to refuse as who is.</summary>
    private const string Dummy = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly string path;
    private readonly TimeProvider time;
    private readonly Action<RegistryLogLevel, string> log;
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, long> remembered = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim turns = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lock gate = new();
    private FileStamp stamp;
    private IReadOnlyDictionary<string, string> users;

    /// <summary>Reads the file.</summary>
    /// <exception cref="TareException">It cannot be read.</exception>
    internal PasswordCheck(string path, TimeProvider time, Action<RegistryLogLevel, string> log)
    {
        this.path = path;
        this.time = time;
        this.log = log;
        stamp = FileStamp.Of(path);
        users = Read();
    }

    public void Dispose() => turns.Dispose();

    /// <summary>Whether it is the user's password.</summary>
    internal async ValueTask<bool> IsRightAsync(string user, string password, CancellationToken cancellationToken)
    {
        var known = Users.TryGetValue(user, out var hash);
        var fingerprint = Convert.ToHexString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{user}\n{hash}\n{password}")));
        var now = time.Milliseconds();
        if (known && remembered.TryGetValue(fingerprint, out var until) && now < until) return true;
        await turns.WaitAsync(cancellationToken);
        try
        {
            // Not on the thread that serves others.
            var right = await Task.Run(() => HtpasswdFile.Verify(password, hash ?? Dummy), cancellationToken) && known;
            if (!right) return false;
        }
        finally
        {
            turns.Release();
        }

        if (remembered.Count >= MostRemembered) remembered.Clear();
        remembered[fingerprint] = now + (long)Memory.TotalMilliseconds;
        return true;
    }

    private IReadOnlyDictionary<string, string> Users
    {
        get
        {
            var now = FileStamp.Of(path);
            lock (gate)
            {
                if (now == stamp) return users;
                stamp = now;
                try
                {
                    users = Read();
                    log(RegistryLogLevel.Info, $"{path} has changed and was read again: {users.Count} users");
                }
                catch (TareException e)
                {
                    log(RegistryLogLevel.Error, $"{e.Message}; the users that were read before stay");
                }

                return users;
            }
        }
    }

    private IReadOnlyDictionary<string, string> Read()
    {
        var read = HtpasswdFile.Read(path, out var ignored);
        if (ignored.Count > 0) log(RegistryLogLevel.Warning, $"{path}: these users cannot log in, because their hash is no bcrypt hash (htpasswd -B): {string.Join(", ", ignored)}");
        return read;
    }
}
