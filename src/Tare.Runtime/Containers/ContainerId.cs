using Tare.Errors;

namespace Tare.Runtime.Containers;

/// <summary>Ids of containers, which are names of directories.</summary>
internal static class ContainerId
{
    /// <summary>The longest name of a directory (NAME_MAX).</summary>
    private const int Longest = 255;

    /// <exception cref="TareException">The id is empty, or could be something else than one name.</exception>
    public static string Check(string id)
    {
        if (id.Length == 0) throw TareException.Invalid("container id cannot be empty");
        var valid = id.Length <= Longest && id is not ("." or "..");
        foreach (var letter in id) valid &= char.IsAsciiLetterOrDigit(letter) || letter is '_' or '+' or '-' or '.';
        return valid ? id : throw TareException.Invalid($"invalid container ID format: \"{id}\": use letters, digits and _ + - . only, {Longest} at most");
    }
}
