using System.Text.Json;
using Tare.Errors;

namespace Tare.Registry.Configuration;

/// <summary>The configuration as it stands in its file; it is read again when the file changes, and an error then keeps the one before. Thread-safe.</summary>
internal sealed class ConfigFile
{
    private const int LongestFile = 4 << 20;

    private readonly string? path;
    private readonly Action<RegistryLogLevel, string> log;
    private readonly Lock gate = new();
    private FileStamp stamp;
    private volatile RegistryConfig current = new();

    /// <summary>Reads the file.</summary>
    /// <exception cref="TareException">It cannot be read, or is wrong.</exception>
    internal ConfigFile(string? path, Action<RegistryLogLevel, string> log)
    {
        this.path = path;
        this.log = log;
        if (path is null) return;
        stamp = FileStamp.Of(path);
        current = Read(path);
    }

    /// <summary>Whether there is one.</summary>
    internal bool Exists => path is not null;

    internal RegistryConfig Current
    {
        get
        {
            if (path is null || FileStamp.Of(path) == stamp) return current;
            lock (gate)
            {
                var now = FileStamp.Of(path);
                if (now == stamp) return current;
                stamp = now;
                try
                {
                    current = Read(path);
                    log(RegistryLogLevel.Info, $"{path} has changed and was read again");
                }
                catch (TareException e)
                {
                    log(RegistryLogLevel.Error, $"{e.Message}; what was read before stays in force");
                }

                return current;
            }
        }
    }

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="TareException">It cannot be read, or is wrong.</exception>
    internal static RegistryConfig Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile }) throw TareException.Invalid($"the configuration file {path} is too large");
            var config = JsonSerializer.Deserialize(File.ReadAllBytes(path), ConfigJson.Default.RegistryConfig) ?? new RegistryConfig();
            ConfigChecks.Check(config, path);
            return config;
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"the configuration file {path} is wrong: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Invalid($"the configuration file {path} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>What tells that a file has changed.</summary>
internal readonly record struct FileStamp(long Ticks, long Length)
{
    internal static FileStamp Of(string path)
    {
        var info = new FileInfo(path);
        return info.Exists ? new FileStamp(info.LastWriteTimeUtc.Ticks, info.Length) : default;
    }
}
