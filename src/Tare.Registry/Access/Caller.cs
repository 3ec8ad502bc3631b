namespace Tare.Registry.Access;

/// <summary>What may be done in a repository.</summary>
internal enum RepositoryAction
{
    Read = 0,
    Write,
    Delete,
}

/// <summary>Who asks.</summary>
/// <param name="Name">The user; null for somebody without a name.</param>
/// <param name="Grants">What the token allows that came with the request; null without one.</param>
internal sealed record Caller(string? Name, IReadOnlyList<Grant>? Grants = null)
{
    internal static Caller Nobody { get; } = new((string?)null);

    /// <summary>Whether neither a password nor a token came along.</summary>
    internal bool IsNobody => Name is null && Grants is null;
}

/// <summary>What a token allows in one repository.</summary>
internal sealed record Grant(string Repository, bool Read, bool Write, bool Delete)
{
    internal bool Allows(RepositoryAction action) => action switch
    {
        RepositoryAction.Read => Read,
        RepositoryAction.Write => Write,
        _ => Delete,
    };
}
