using Tare.Errors;

namespace Tare.Oci;

/// <summary>
/// The name of an image, normalized as Docker does it: <c>[domain/]path[:tag][@digest]</c>, where a missing domain is
/// <c>docker.io</c> and a path of one component there belongs to <c>library/</c>. The texts of its errors are Docker's.
/// </summary>
/// <remarks>The grammar is that of the package github.com/distribution/reference, read by <see cref="ReferenceGrammar"/>.</remarks>
public sealed record Reference
{
    /// <summary>The domain of names that have none.</summary>
    public const string DefaultDomain = "docker.io";

    /// <summary>The tag of names that have neither tag nor digest.</summary>
    public const string DefaultTag = "latest";

    private const string LegacyDomain = "index.docker.io";
    private const string OfficialPrefix = "library/";
    private const int MaxPathLength = 255;

    private Reference(string domain, string path)
    {
        Domain = domain;
        Path = path;
    }

    /// <summary>The registry, such as <c>docker.io</c> or <c>localhost:5000</c>.</summary>
    public string Domain { get; }

    /// <summary>The repository in the registry, such as <c>library/busybox</c>.</summary>
    public string Path { get; }

    /// <summary>The tag, if there is one.</summary>
    public string? Tag { get; private init; }

    /// <summary>The digest; empty if there is none.</summary>
    public Digest Digest { get; private init; }

    /// <summary>Domain and path.</summary>
    public string Name => $"{Domain}/{Path}";

    /// <summary>Whether there is neither tag nor digest.</summary>
    public bool IsNameOnly => Tag is null && Digest.IsEmpty;

    /// <summary>The name as users write it: without the default domain and <c>library/</c>.</summary>
    public string FamiliarName
    {
        get
        {
            if (Domain != DefaultDomain) return Name;
            return Path.StartsWith(OfficialPrefix, StringComparison.Ordinal) && !Path.AsSpan(OfficialPrefix.Length).Contains('/')
                ? Path[OfficialPrefix.Length..]
                : Path;
        }
    }

    /// <summary>The whole reference as users write it.</summary>
    public string FamiliarString => FamiliarName + Suffix;

    private string Suffix => (Tag is null ? "" : ":" + Tag) + (Digest.IsEmpty ? "" : "@" + Digest);

    /// <summary>Reads a reference and completes its name.</summary>
    /// <exception cref="TareException">It is malformed.</exception>
    public static Reference Parse(string text)
    {
        if (ReferenceGrammar.IsIdentifier(text))
            throw TareException.Invalid($"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings");
        var (domain, rest) = SplitDomain(text);
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        var remote = colon < 0 ? rest : rest[..colon];
        if (HasUpperCase(remote))
            throw TareException.Invalid($"invalid reference format: repository name ({remote}) must be lowercase");
        return ParseCanonical($"{domain}/{rest}");
    }

    /// <summary>Reads a reference, or says that it is none.</summary>
    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Reference? reference)
    {
        try
        {
            reference = Parse(text);
            return true;
        }
        catch (TareException)
        {
            reference = null;
            return false;
        }
    }

    /// <summary>
    /// Reads what a user typed to name an image: 64 hexadecimal digits or a digest are an id, everything else is a name.
    /// </summary>
    /// <returns>Either the reference or the id is set.</returns>
    /// <exception cref="TareException">It is malformed.</exception>
    public static (Reference? Reference, Digest Id) ParseAny(string text)
    {
        if (ReferenceGrammar.IsIdentifier(text)) return (null, Digest.Parse("sha256:" + text));
        return Digest.TryParse(text, out var id) ? (null, id) : (Parse(text), default);
    }

    /// <summary>What a repository is asked for: the digest, or without one the tag; <see langword="null"/> when there is neither.</summary>
    public string? TagOrDigest => Digest.IsEmpty ? Tag : Digest.ToString();

    /// <summary>This reference with another tag.</summary>
    /// <exception cref="TareException">The tag is malformed.</exception>
    public Reference WithTag(string tag) =>
        ReferenceGrammar.IsTag(tag) ? this with { Tag = tag } : throw TareException.Invalid("invalid tag format");

    /// <summary>This reference with another digest.</summary>
    public Reference WithDigest(Digest digest) => this with { Digest = digest };

    /// <summary>The name alone.</summary>
    public Reference WithoutTagAndDigest() => this with { Tag = null, Digest = default };

    /// <summary>This reference, with the tag <c>latest</c> if it has neither tag nor digest.</summary>
    public Reference WithDefaultTag() => IsNameOnly ? this with { Tag = DefaultTag } : this;

    /// <summary>The whole reference in its canonical form.</summary>
    public override string ToString() => Name + Suffix;

    private static Reference ParseCanonical(string text)
    {
        if (!ReferenceGrammar.TrySplit(text, out var parts))
        {
            var lower = text.ToLowerInvariant();
            throw TareException.Invalid(lower != text && ReferenceGrammar.TrySplit(lower, out _)
                ? "repository name must be lowercase"
                : "invalid reference format");
        }

        if (parts.Path.Length > MaxPathLength)
            throw TareException.Invalid($"repository name must not be more than {MaxPathLength} characters");
        return new Reference(parts.Domain, parts.Path)
        {
            Tag = parts.Tag,
            Digest = parts.Digest is null ? default : Digest.Parse(parts.Digest),
        };
    }

    private static bool HasUpperCase(string text) => text.Any(c => char.ToLowerInvariant(c) != c);

    private static (string Domain, string Remote) SplitDomain(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return (DefaultDomain, OfficialPrefix + text);
        var first = text[..slash];
        var rest = text[(slash + 1)..];
        var (domain, remote) = first switch
        {
            "localhost" => (first, rest),
            LegacyDomain => (DefaultDomain, rest),
            _ when first.AsSpan().ContainsAny('.', ':') => (first, rest),
            // A namespace has no upper case, so this must be meant as a host name.
            _ when HasUpperCase(first) => (first, rest),
            _ => (DefaultDomain, text),
        };
        return domain == DefaultDomain && !remote.Contains('/', StringComparison.Ordinal) ? (domain, OfficialPrefix + remote) : (domain, remote);
    }
}
