using Tare.Errors;

namespace Tare.Engine.Create;

/// <summary>What a container may be called.</summary>
internal static class ContainerName
{
    /// <summary>The name without its slash.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text.</exception>
    public static string Parse(string name)
    {
        var bare = name.StartsWith('/') ? name[1..] : name;
        return IsValid(bare)
            ? bare
            : throw TareException.Invalid($"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    }

    /// <summary>At least two characters of <c>a-zA-Z0-9_.-</c>, the first a letter or digit.</summary>
    public static bool IsValid(string name) =>
        name.Length >= 2 && char.IsAsciiLetterOrDigit(name[0]) && name.AsSpan(1).IndexOfAnyExcept(Allowed) < 0;

    private static readonly System.Buffers.SearchValues<char> Allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
}
