using System.Globalization;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>
/// What <c>--log-driver</c> and <c>--log-opt</c> ask for. Every container's output goes to the engine's own bounded log; the two drivers
/// whose logs can be read, <c>local</c> and <c>json-file</c>, are names for it.
/// </summary>
internal sealed record LogSettings
{
    /// <summary>
    /// The name that is shown when none was asked for: Docker's own default. Programs ask for it before they read a log (docker-py's
    /// <c>containers.run</c> returns no output for any other than json-file and journald).
    /// </summary>
    public const string DefaultDriver = "json-file";

    /// <summary>The log's greatest size in bytes; null: the engine's default.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>The size of one file in bytes.</summary>
    public long? SegmentBytes { get; init; }

    /// <summary>Whether <c>docker logs</c> may show it.</summary>
    public bool Readable { get; init; } = true;

    /// <summary>Reads the settings.</summary>
    /// <exception cref="TareException">An unknown driver or option, or a value that is none.</exception>
    public static LogSettings Parse(LogConfig config, List<string> warnings)
    {
        switch (config.Type)
        {
            case "none":
                return new LogSettings { Readable = false };
            case "" or "local" or "json-file":
                break;
            case "syslog" or "journald" or "gelf" or "fluentd" or "awslogs" or "splunk" or "gcplogs" or "etwlogs":
                throw TareException.NotImplemented($"log driver \"{config.Type}\" is not supported: use local, json-file or none");
            default:
                throw TareException.Invalid($"logger: no log driver named '{config.Type}' is registered");
        }
        long? size = null;
        var files = 5;
        foreach (var (name, value) in config.Config ?? new Dictionary<string, string>())
        {
            switch (name)
            {
                case "max-size":
                    size = value == "-1" ? null : ParseSize(value);
                    break;
                case "max-file":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out files) || files < 1)
                        throw TareException.Invalid("max-file cannot be less than 1");
                    break;
                // Blocking is what the engine does: a full disk stops the writer and loses nothing.
                case "mode" when value is "blocking" or "":
                    break;
                // They decorate what a driver sends elsewhere; what "logs" shows has none of them with Docker either.
                case "labels" or "labels-regex" or "env" or "env-regex" or "tag":
                    break;
                case "compress" or "mode" or "max-buffer-size" or "cache-disabled" or "cache-max-size" or "cache-max-file" or "cache-compress":
                    warnings.Add($"log option {name} has no effect: logs are framed, bounded and not compressed");
                    break;
                default:
                    throw TareException.Invalid($"unknown log opt '{name}' for {(config.Type.Length == 0 ? DefaultDriver : config.Type)} log driver");
            }
        }
        return size is { } bytes ? new LogSettings { SegmentBytes = bytes, MaxBytes = checked(bytes * files) } : new LogSettings();
    }

    private static long ParseSize(string text)
    {
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.')) digits++;
        var factor = text[digits..].ToLowerInvariant() switch
        {
            "" or "b" => 1L,
            "k" or "kb" or "kib" => 1L << 10,
            "m" or "mb" or "mib" => 1L << 20,
            "g" or "gb" or "gib" => 1L << 30,
            _ => 0L,
        };
        return factor > 0 && double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * factor is >= 1 and < 1L << 50
            ? (long)(number * factor)
            : throw TareException.Invalid($"invalid size: '{text}'");
    }
}
