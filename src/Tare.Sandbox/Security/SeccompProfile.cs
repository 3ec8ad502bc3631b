using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Sandbox.Security;

/// <summary>A seccomp profile whose rules depend on the container's capabilities, the architecture and the kernel: Docker's format.</summary>
internal sealed record SeccompProfile
{
    private static readonly string GoArchitecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
    private static readonly Lazy<SeccompProfile> Standard = new(ReadDefault);

    /// <summary>What happens to a call that no rule matches; a profile with neither this nor rules asks for no filter.</summary>
    public string DefaultAction { get; init; } = "";

    public uint? DefaultErrnoRet { get; init; }

    public IReadOnlyList<string>? Architectures { get; init; }

    public IReadOnlyList<SeccompArchitecture>? ArchMap { get; init; }

    public IReadOnlyList<string>? Flags { get; init; }

    public string? ListenerPath { get; init; }

    public string? ListenerMetadata { get; init; }

    public IReadOnlyList<SeccompProfileRule>? Syscalls { get; init; }

    /// <summary>The profile of a container that asks for none.</summary>
    public static SeccompProfile Default => Standard.Value;

    /// <summary>Reads a profile in Docker's JSON.</summary>
    /// <exception cref="TareException">It is not JSON of that form, or says one thing in two ways.</exception>
    public static SeccompProfile Parse(string json)
    {
        SeccompProfile profile;
        try
        {
            profile = JsonSerializer.Deserialize(json, SeccompProfileJson.Default.SeccompProfile) ?? throw TareException.Invalid("the seccomp profile is empty");
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"decoding the seccomp profile failed: {e.Message}", e);
        }
        if (profile is { Architectures.Count: > 0, ArchMap.Count: > 0 })
            throw TareException.Invalid("both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'");
        return profile.Syscalls?.Any(rule => rule is { Name.Length: > 0, Names.Count: > 0 }) == true
            ? throw TareException.Invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'")
            : profile;
    }

    /// <summary>The rules that apply to a container with these capabilities on this machine.</summary>
    public LinuxSeccomp Resolve(IReadOnlyCollection<string> capabilities)
    {
        var native = GoArchitecture == "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
        var mapped = ArchMap?.OfType<SeccompArchitecture>().FirstOrDefault(a => a.Architecture == native);
        return new LinuxSeccomp
        {
            DefaultAction = DefaultAction,
            DefaultErrnoRet = DefaultErrnoRet,
            Architectures = mapped is null ? Architectures : [mapped.Architecture, .. mapped.SubArchitectures ?? []],
            Flags = Flags,
            ListenerPath = ListenerPath,
            ListenerMetadata = ListenerMetadata,
            Syscalls = [.. (Syscalls ?? []).OfType<SeccompProfileRule>().Where(rule => Applies(rule, capabilities)).Select(rule => new LinuxSyscall
            {
                Names = string.IsNullOrEmpty(rule.Name) ? rule.Names ?? [] : [rule.Name],
                Action = rule.Action,
                ErrnoRet = rule.ErrnoRet,
                Args = rule.Args,
            })],
        };
    }

    private static bool Applies(SeccompProfileRule rule, IReadOnlyCollection<string> capabilities)
    {
        if (rule.Excludes is { } not && ((not.Arches?.Contains(GoArchitecture) ?? false) || (not.Caps?.Any(capabilities.Contains) ?? false) || (not.MinKernel is { } old && KernelIsAtLeast(old))))
            return false;
        return rule.Includes is not { } only
            || ((only.Arches is not { Count: > 0 } arches || arches.Contains(GoArchitecture))
                && (only.Caps?.All(capabilities.Contains) ?? true)
                && (only.MinKernel is not { } kernel || KernelIsAtLeast(kernel)));
    }

    private static bool KernelIsAtLeast(string version) =>
        Version.TryParse(version, out var wanted) && Environment.OSVersion.Version is var running && (running.Major, running.Minor).CompareTo((wanted.Major, wanted.Minor)) >= 0;

    private static SeccompProfile ReadDefault()
    {
        using var stream = typeof(SeccompProfile).Assembly.GetManifestResourceStream("seccomp-default")
            ?? throw new InvalidOperationException("this build has no default seccomp profile in it");
        using var reader = new StreamReader(stream);
        var rules = new List<SeccompProfileRule>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#') rules.AddRange(ParseLine(line));
        }
        return new SeccompProfile
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            DefaultErrnoRet = Errno.EPERM,
            ArchMap =
            [
                new SeccompArchitecture("SCMP_ARCH_X86_64", ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
                new SeccompArchitecture("SCMP_ARCH_AARCH64", ["SCMP_ARCH_ARM"]),
            ],
            Syscalls = rules,
        };
    }

    /// <summary>One line of seccomp-default.txt; its head says how.</summary>
    private static IEnumerable<SeccompProfileRule> ParseLine(string line)
    {
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        var head = (colon < 0 ? line[..line.IndexOf(' ', StringComparison.Ordinal)] : line[..colon]).Split(' ');
        var names = (colon < 0 ? line[(head[0].Length + 1)..] : line[(colon + 2)..]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var refused = head[0] == "errno";
        var condition = head.Length > 1 ? head[^1] : null;
        var filter = condition is null ? null
            : condition.StartsWith("CAP_", StringComparison.Ordinal) ? new SeccompFilterScope { Caps = [condition] }
            : new SeccompFilterScope { Arches = [condition] };
        var unless = head.Contains("unless");
        foreach (var group in names.GroupBy(n => n.Contains('(', StringComparison.Ordinal)))
        {
            foreach (var entry in group.Key ? group.Select(n => (string[])[n]) : [group.ToArray()])
            {
                var open = group.Key ? entry[0].IndexOf('(', StringComparison.Ordinal) : -1;
                yield return new SeccompProfileRule
                {
                    Names = open < 0 ? entry : [entry[0][..open]],
                    Args = open < 0 ? null : [ParseArgument(entry[0][(open + 1)..^1])],
                    Action = refused ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW",
                    ErrnoRet = refused ? uint.Parse(head[1], CultureInfo.InvariantCulture) : null,
                    Includes = unless ? null : filter,
                    Excludes = unless ? filter : null,
                };
            }
        }
    }

    private static LinuxSeccompArg ParseArgument(string text)
    {
        var index = (uint)(text[0] - '0');
        if (text.AsSpan(1).StartsWith("mask=")) return new LinuxSeccompArg(index, ulong.Parse(text.AsSpan(6), CultureInfo.InvariantCulture), 0, "SCMP_CMP_MASKED_EQ");
        var value = ulong.Parse(text.AsSpan(2), CultureInfo.InvariantCulture);
        return new LinuxSeccompArg(index, value, 0, text[1] switch { '<' => "SCMP_CMP_LT", '>' => "SCMP_CMP_GT", _ => "SCMP_CMP_EQ" });
    }
}

/// <summary>An architecture and those that its kernel runs beside it.</summary>
internal sealed record SeccompArchitecture(string Architecture, IReadOnlyList<string>? SubArchitectures);

/// <summary>A rule of a profile.</summary>
internal sealed record SeccompProfileRule
{
    public IReadOnlyList<string>? Names { get; init; }

    public string? Name { get; init; }

    public string Action { get; init; } = "";

    public uint? ErrnoRet { get; init; }

    public IReadOnlyList<LinuxSeccompArg>? Args { get; init; }

    public SeccompFilterScope? Includes { get; init; }

    public SeccompFilterScope? Excludes { get; init; }
}

/// <summary>When a rule applies, or does not.</summary>
internal sealed record SeccompFilterScope
{
    public IReadOnlyList<string>? Caps { get; init; }

    public IReadOnlyList<string>? Arches { get; init; }

    public string? MinKernel { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(SeccompProfile))]
internal sealed partial class SeccompProfileJson : JsonSerializerContext;
