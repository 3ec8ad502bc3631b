using Tare.Wire;

namespace Tare.Engine.Events;

/// <summary>Which events a reader wants, as <c>docker events --filter</c> says it.</summary>
internal sealed class EventFilter(Filters filters)
{
    private static readonly string[] Actors = ["daemon", "container", "plugin", "volume", "network", "node", "service", "secret", "config"];

    // The actions that carry more text behind a colon.
    private static readonly string[] Prefixed = ["health_status", "exec_create", "exec_start"];

    /// <summary>Whether the event passes.</summary>
    public bool Includes(EventMessage message)
    {
        if (filters.IsEmpty) return true;
        return MatchesAction(message.Action)
            && filters.ExactMatch("type", message.Type)
            && filters.ExactMatch("scope", message.Scope)
            && Array.TrueForAll(Actors, actor => MatchesActor(actor, message.Actor))
            && MatchesImage(message)
            && filters.MatchPairs("label", message.Actor.Attributes);
    }

    private bool MatchesAction(string action) =>
        filters.Get("event").Any(Prefixed.Contains) ? filters.FuzzyMatch("event", action) : filters.ExactMatch("event", action);

    private bool MatchesActor(string type, EventActor actor) =>
        !filters.Contains(type)
        || filters.FuzzyMatch(type, actor.ID)
        || (actor.Attributes?.TryGetValue("name", out var name) == true && filters.FuzzyMatch(type, name));

    private bool MatchesImage(EventMessage message)
    {
        if (!filters.Contains("image")) return true;
        var name = message.Actor.Attributes?.GetValueOrDefault(message.Type == "image" ? "name" : "image");
        return filters.ExactMatch("image", message.Actor.ID)
            || filters.ExactMatch("image", name)
            || filters.ExactMatch("image", WithoutTag(message.Actor.ID))
            || filters.ExactMatch("image", WithoutTag(name ?? ""));
    }

    /// <summary>The repository of a reference: what stands before the tag and the digest.</summary>
    private static string WithoutTag(string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0) reference = reference[..at];
        var colon = reference.LastIndexOf(':');
        return colon > reference.LastIndexOf('/') ? reference[..colon] : reference;
    }
}
