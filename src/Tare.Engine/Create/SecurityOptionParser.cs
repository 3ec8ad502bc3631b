using System.Text.Json;
using Tare.Errors;

namespace Tare.Engine.Create;

/// <summary>What <c>--security-opt</c> asks for.</summary>
internal sealed record ParsedSecurityOptions
{
    public bool NoNewPrivileges { get; init; }

    /// <summary>No filter of system calls at all.</summary>
    public bool SeccompUnconfined { get; init; }

    /// <summary>A profile in Docker's JSON; null is the built-in one.</summary>
    public string? SeccompProfile { get; init; }

    /// <summary>Reads the options.</summary>
    /// <exception cref="TareException">One is malformed, or asks for what this engine does not have.</exception>
    public static ParsedSecurityOptions Parse(IReadOnlyList<string> options)
    {
        var result = new ParsedSecurityOptions();
        foreach (var option in options)
        {
            if (option is "no-new-privileges")
            {
                result = result with { NoNewPrivileges = true };
                continue;
            }
            // Switching labels off is what a machine without SELinux does anyway.
            if (option is "disable") continue;
            if (option is "writable-cgroups") throw WritableCgroups();
            var cut = option.IndexOf('=', StringComparison.Ordinal);
            if (cut < 0) cut = option.IndexOf(':', StringComparison.Ordinal);
            if (cut < 0) throw TareException.Invalid($"invalid --security-opt 1: \"{option}\"");
            var value = option[(cut + 1)..];
            switch (option[..cut])
            {
                case "label":
                    if (value != "disable" && Directory.Exists("/sys/fs/selinux"))
                        throw TareException.NotImplemented($"--security-opt {option} is not supported: this engine sets no SELinux labels; use label=disable");
                    break;
                case "apparmor":
                    if (value is not ("unconfined" or "") && Directory.Exists("/sys/kernel/security/apparmor"))
                        throw TareException.NotImplemented($"--security-opt {option} is not supported: this engine loads no AppArmor profiles; use apparmor=unconfined");
                    break;
                case "seccomp":
                    result = Seccomp(result, value);
                    break;
                case "no-new-privileges":
                    result = result with { NoNewPrivileges = Boolean(value) ?? throw TareException.Invalid($"invalid --security-opt 2: \"{option}\"") };
                    break;
                case "writable-cgroups":
                    if (Boolean(value) ?? throw TareException.Invalid($"invalid --security-opt 2: \"{option}\"")) throw WritableCgroups();
                    break;
                default:
                    throw TareException.Invalid($"invalid --security-opt 2: \"{option}\"");
            }
        }
        return result;
    }

    private static ParsedSecurityOptions Seccomp(ParsedSecurityOptions options, string value)
    {
        if (value == "unconfined") return options with { SeccompUnconfined = true, SeccompProfile = null };
        if (value is "builtin" or "") return options with { SeccompUnconfined = false, SeccompProfile = null };
        try
        {
            using var profile = JsonDocument.Parse(value);
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"Decoding seccomp profile failed: {e.Message}", e);
        }
        return options with { SeccompUnconfined = false, SeccompProfile = value };
    }

    private static TareException WritableCgroups() =>
        TareException.NotImplemented("--security-opt writable-cgroups is not supported: control groups are mounted read-only; use --privileged");

    private static bool? Boolean(string value) => value switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => null,
    };
}
