using Tare.Distribution.Endpoints;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Listing;

/// <summary>Where a list goes on.</summary>
internal static class Pages
{
    /// <summary>The most pages that are asked for: a list that goes on after them is none.</summary>
    internal const int Max = 10_000;

    /// <summary>The most items that a list may have.</summary>
    internal const int MaxItems = 1_000_000;

    /// <summary>The next page of a list, at the same place; <see langword="null"/> after the last.</summary>
    internal static Uri? Next(Answer answer, Endpoint endpoint)
    {
        if (LinkHeader.Next(answer.Header("Link")) is not { Length: > 0 } link) return null;
        if (!Uri.TryCreate(answer.Target, link, out var next) || !endpoint.Owns(next) || answer.IsForeign)
            throw new RegistryException(ErrorKind.Internal, $"{endpoint.Host} goes on with a list at another host, which is refused");
        return next == answer.Target ? throw Endless(endpoint) : next;
    }

    internal static RegistryException Endless(Endpoint endpoint) => new(ErrorKind.Internal, $"{endpoint.Host} gives a list that does not end");
}
