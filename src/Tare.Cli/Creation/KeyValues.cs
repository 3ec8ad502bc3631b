using System.Text;
using Tare.Cli.Commands;

namespace Tare.Cli.Creation;

/// <summary>Lists of name=value, from options and from files: --env, --env-file, --label, --label-file.</summary>
internal static class KeyValues
{
    private const int MaximumLine = 64 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>--env: a name without a value takes that of this process, if there is one.</summary>
    public static string? CheckVariable(ref string value)
    {
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        if (equals == 0 || value.Length == 0) return "invalid environment variable: " + value;
        if (equals < 0 && Environment.GetEnvironmentVariable(value) is { } inherited) value = $"{value}={inherited}";
        return null;
    }

    /// <summary>--label.</summary>
    public static string? CheckLabel(ref string value)
    {
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        var key = (equals < 0 ? value : value[..equals]).TrimStart(' ', '\t');
        if (key.Length == 0) return $"invalid label '{value}': empty name";
        return key.AsSpan().ContainsAny(' ', '\t') ? $"label '{key}' contains whitespaces" : null;
    }

    /// <summary>--sysctl: only what belongs to a namespace of the container.</summary>
    public static string? CheckSysctl(ref string value)
    {
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        var key = equals < 0 ? "" : value[..equals];
        var allowed = key is "kernel.msgmax" or "kernel.msgmnb" or "kernel.msgmni" or "kernel.sem" or "kernel.shmall" or "kernel.shmmax" or "kernel.shmmni" or "kernel.shm_rmid_forced"
            || key.StartsWith("net.", StringComparison.Ordinal) || key.StartsWith("fs.mqueue.", StringComparison.Ordinal);
        return allowed ? null : $"sysctl '{value}' is not allowed";
    }

    /// <summary>The lines of files, and then the given values.</summary>
    /// <param name="files">The files; each line name=value, or a comment.</param>
    /// <param name="values">More values.</param>
    /// <param name="inherit">Whether a name without a value in a file takes that of this process; else such a line is left out.</param>
    /// <exception cref="CommandException">A file cannot be read, or is malformed.</exception>
    public static List<string> Read(IReadOnlyList<string> files, IReadOnlyList<string> values, bool inherit)
    {
        var result = new List<string>();
        foreach (var file in files) ReadFile(file, inherit, result);
        result.AddRange(values);
        return result;
    }

    public static SortedDictionary<string, string> ToMap(IEnumerable<string> values)
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            var equals = value.IndexOf('=', StringComparison.Ordinal);
            result[equals < 0 ? value : value[..equals]] = equals < 0 ? "" : value[(equals + 1)..];
        }

        return result;
    }

    private static void ReadFile(string file, bool inherit, List<string> target)
    {
        var bytes = HostFiles.ReadAll(file).AsSpan();
        if (bytes.StartsWith("\xEF\xBB\xBF"u8)) bytes = bytes[3..];
        var number = 0;
        while (!bytes.IsEmpty)
        {
            number++;
            var feed = bytes.IndexOf((byte)'\n');
            var line = (feed < 0 ? bytes : bytes[..feed]).TrimEnd((byte)'\r');
            bytes = feed < 0 ? default : bytes[(feed + 1)..];
            if (line.Length > MaximumLine) throw Malformed("bufio.Scanner: token too long");
            string text;
            try
            {
                text = Strict.GetString(line).TrimStart();
            }
            catch (DecoderFallbackException)
            {
                throw Malformed($"invalid utf8 bytes at line {number}: [{string.Join(' ', line.ToArray())}]");
            }

            if (text.Length == 0 || text[0] == '#') continue;
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? text : text[..equals];
            if (key.Length == 0) throw Malformed($"no variable name on line '{text}'");
            if (key.AsSpan().ContainsAny(' ', '\t')) throw Malformed($"variable '{key}' contains whitespaces");
            if (equals >= 0) target.Add(text);
            else if (inherit && Environment.GetEnvironmentVariable(text) is { } value) target.Add($"{key}={value}");
        }

        CommandException Malformed(string reason) => new($"invalid env file ({file}): {reason}");
    }
}
