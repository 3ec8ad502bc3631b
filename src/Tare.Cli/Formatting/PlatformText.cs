using System.Runtime.InteropServices;
using Tare.Cli.Commands;

namespace Tare.Cli.Formatting;

/// <summary>
/// Platforms as users write them: <c>os/architecture[/variant]</c>, or one of the two alone; with the names that other programs have for
/// the same architectures.
/// </summary>
internal static class PlatformText
{
    private static readonly string[] Systems = ["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "android", "plan9", "dragonfly", "illumos", "aix", "js", "ios"];

    private static readonly string[] Architectures =
    [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm", "ppc", "riscv", "sparc", "sparc64", "armbe", "arm64be",
    ];

    /// <summary>The platform in full; empty stays empty.</summary>
    /// <exception cref="CommandException">It is none, in Docker's words.</exception>
    public static string Read(string text)
    {
        if (text.Length == 0) return "";
        var parts = text.ToLowerInvariant().Split('/');
        if (parts.Length > 3 || parts.Any(part => part.Length == 0 || part.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-'))))
            throw Invalid(text, "invalid platform specifier");
        if (parts.Length == 1)
        {
            if (Array.IndexOf(Systems, parts[0]) >= 0) return $"{parts[0]}/{Host}";
            var (known, ofName) = Normalize(parts[0], "");
            return Array.IndexOf(Architectures, known) >= 0 ? Join("linux", known, ofName) : throw Invalid(text, "unknown operating system or architecture");
        }

        var (architecture, variant) = Normalize(parts[1], parts.Length == 3 ? parts[2] : "");
        return Join(parts[0], architecture, variant);
    }

    private static string Host => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";

    private static string Join(string system, string architecture, string variant) => $"{system}/{architecture}{(variant.Length > 0 ? "/" + variant : "")}";

    private static (string Architecture, string Variant) Normalize(string architecture, string variant) => architecture switch
    {
        "i386" => ("386", ""),
        "x86_64" or "x86-64" or "amd64" => ("amd64", variant == "v1" ? "" : variant),
        "aarch64" or "arm64" => ("arm64", variant is "8" or "v8" ? "" : variant),
        "armhf" => ("arm", "v7"),
        "armel" => ("arm", "v6"),
        "arm" => ("arm", variant switch { "" or "7" => "v7", "5" or "6" or "8" => "v" + variant, _ => variant }),
        _ => (architecture, variant),
    };

    private static CommandException Invalid(string text, string reason) => new($"invalid platform: {GoText.Quote(text)}: {reason}: invalid argument");
}
