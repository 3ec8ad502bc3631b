using System.Runtime.InteropServices;
using Tare.Errors;

namespace Tare.Oci.Images;

/// <summary>
/// A platform as users write it, <c>os[/architecture[/variant]]</c> or <c>architecture</c>, read and completed as containerd's package
/// platforms does; the texts of the errors are its own.
/// </summary>
public static class PlatformSpecifier
{
    private const int MostParts = 4;

    /// <summary>This machine's architecture in the words of the image specification.</summary>
    public static string HostArchitecture => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>Reads and completes a platform.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: it is malformed or unknown.</exception>
    public static OciPlatform Parse(string text)
    {
        if (text.Contains('*', StringComparison.Ordinal)) throw Invalid($"{Quote(text)}: wildcards not yet supported");
        var parts = text.Split('/', MostParts);
        var (os, version) = ParseOs(parts[0], text);
        foreach (var part in parts.AsSpan(1))
        {
            if (!IsWord(part, ".")) throw Invalid($"{Quote(part)} is an invalid component of {Quote(text)}: platform specifier component must match \"^[A-Za-z0-9_.-]+$\"");
        }

        switch (parts.Length)
        {
            case 1 when IsOs(os):
                return new OciPlatform { Os = os, OsVersion = version, Architecture = HostArchitecture };
            case 1:
                var alone = Normalize("linux", version, parts[0], "");
                return IsArchitecture(alone.Architecture) ? WithoutDefaultArm(alone) : throw Invalid($"{Quote(text)}: unknown operating system or architecture");
            case 2:
                return WithoutDefaultArm(Normalize(os, version, parts[1], ""));
            case 3:
                var whole = Normalize(os, version, parts[1], parts[2]);
                return whole is { Architecture: "arm64", Variant: null } ? whole with { Variant = "v8" } : whole;
            default:
                throw Invalid($"{Quote(text)}: cannot parse platform specifier");
        }
    }

    /// <summary>As <see cref="Parse"/> takes it: <c>os/architecture[/variant]</c>.</summary>
    public static string Format(OciPlatform platform)
        => $"{platform.Os}/{platform.Architecture}{(string.IsNullOrEmpty(platform.Variant) ? "" : "/" + platform.Variant)}";

    private static (string Os, string? Version) ParseOs(string part, string text)
    {
        var open = part.IndexOf('(', StringComparison.Ordinal);
        var name = open < 0 ? part : part[..open];
        var version = open < 0 ? "" : part.EndsWith(')') ? part[(open + 1)..^1] : "(";
        if (!IsWord(name, "") || (version.Length > 0 && !IsWord(version, ".")))
        {
            throw Invalid(
                $"{Quote(part)} is an invalid OS component of {Quote(text)}: OSAndVersion specifier component must match \"^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$\"");
        }

        name = name.ToLowerInvariant();
        return (name == "macos" ? "darwin" : name, version.Length > 0 ? version : null);
    }

    private static OciPlatform Normalize(string os, string? version, string architecture, string variant)
    {
        (architecture, variant) = (architecture.ToLowerInvariant(), variant.ToLowerInvariant());
        (architecture, variant) = (architecture, variant) switch
        {
            ("i386", _) => ("386", ""),
            ("x86_64" or "x86-64" or "amd64", "v1") => ("amd64", ""),
            ("x86_64" or "x86-64", _) => ("amd64", variant),
            ("aarch64" or "arm64", "8" or "v8" or "v8.0") => ("arm64", ""),
            ("aarch64" or "arm64", "9" or "9.0" or "v9.0") => ("arm64", "v9"),
            ("aarch64", _) => ("arm64", variant),
            ("armhf", _) => ("arm", "v7"),
            ("armel", _) => ("arm", "v6"),
            ("arm", "" or "7") => ("arm", "v7"),
            ("arm", "5" or "6" or "8") => ("arm", "v" + variant),
            var other => other,
        };
        return new OciPlatform { Os = os, OsVersion = version, Architecture = architecture, Variant = variant.Length > 0 ? variant : null };
    }

    private static OciPlatform WithoutDefaultArm(OciPlatform platform) => platform is { Architecture: "arm", Variant: "v7" } ? platform with { Variant = null } : platform;

    private static bool IsWord(string text, string also)
        => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' || also.Contains(c, StringComparison.Ordinal));

    private static bool IsOs(string name) => name is "aix" or "android" or "darwin" or "dragonfly" or "freebsd" or "hurd" or "illumos" or "ios" or "js" or "linux"
        or "nacl" or "netbsd" or "openbsd" or "plan9" or "solaris" or "windows" or "zos";

    private static bool IsArchitecture(string name) => name is "386" or "amd64" or "amd64p32" or "arm" or "armbe" or "arm64" or "arm64be" or "ppc64" or "ppc64le" or "loong64"
        or "mips" or "mipsle" or "mips64" or "mips64le" or "mips64p32" or "mips64p32le" or "ppc" or "riscv" or "riscv64" or "s390" or "s390x" or "sparc" or "sparc64" or "wasm";

    private static TareException Invalid(string message) => TareException.Invalid(message + ": invalid argument");

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
