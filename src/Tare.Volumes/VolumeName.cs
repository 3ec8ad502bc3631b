using System.Security.Cryptography;
using Tare.Errors;

namespace Tare.Volumes;

/// <summary>Names of volumes, by Docker's rule: <c>[a-zA-Z0-9][a-zA-Z0-9_.-]+</c>.</summary>
public static class VolumeName
{
    /// <summary>The longest name of a file, without what goes before it while the volume is made or removed.</summary>
    private const int MaxLength = 247;

    private const int GeneratedBytes = 32;

    /// <summary>Refuses what is no name, in Docker's words.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>.</exception>
    public static void Check(string name)
    {
        if (name.Length == 1) throw TareException.Invalid($"create {name}: volume name is too short, names should be at least two alphanumeric characters");
        if (name.Length == 0 || !char.IsAsciiLetterOrDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-'))
        {
            throw TareException.Invalid(
                $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
        }
        if (name.Length > MaxLength) throw TareException.Invalid($"create {name[..20]}…: the name of a volume cannot be longer than {MaxLength} characters");
    }

    /// <summary>Whether it is a name.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 1 and <= MaxLength && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    /// <summary>A name for a volume that was given none: 64 hexadecimal digits.</summary>
    public static string Generate() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(GeneratedBytes));
}
