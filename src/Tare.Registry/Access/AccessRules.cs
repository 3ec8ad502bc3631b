using Tare.Registry.Configuration;

namespace Tare.Registry.Access;

/// <summary>Who may do what where, by name.</summary>
/// <remarks>
/// Without users and without rules everybody may do everything. With users and without rules every user may. With rules the first
/// whose pattern fits decides, and where none fits, only administrators may.
/// </remarks>
internal sealed class AccessRules(ConfigFile config, bool hasUsers)
{
    /// <summary>Whether anything at all is refused to anybody.</summary>
    internal bool Enabled => hasUsers || config.Current.Rules is not null;

    /// <summary>Whether there may be something that everybody may pull.</summary>
    internal bool HasPublic => config.Current.Rules?.Any(rule => rule.Public) == true;

    /// <summary>Whether a user, or somebody without a name, may do something in a repository.</summary>
    internal bool Allows(string? user, string repository, RepositoryAction action)
    {
        var current = config.Current;
        if (current.Rules is not { } rules) return !hasUsers || user is not null;
        if (IsAdmin(current, user)) return true;
        foreach (var rule in rules)
        {
            if (!Pattern.Fits(rule.Repository, repository)) continue;
            return action switch
            {
                RepositoryAction.Read => rule.Public || Names(current, rule.Read, user) || Names(current, rule.Write, user),
                RepositoryAction.Write => Names(current, rule.Write, user),
                _ => Names(current, rule.Delete, user),
            };
        }

        return false;
    }

    private static bool IsAdmin(RegistryConfig config, string? user) => Names(config, config.Admins, user);

    private static bool Names(RegistryConfig config, IReadOnlyList<string> names, string? user)
    {
        if (user is null) return false;
        foreach (var name in names)
        {
            if (name == user || name == "*") return true;
            if (name.StartsWith('@') && config.Groups.TryGetValue(name[1..], out var members) && members.Contains(user)) return true;
        }

        return false;
    }
}
