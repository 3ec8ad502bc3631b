using Tare.Errors;
using Tare.Registry.Collection;
using Tare.Registry.Control;

namespace Tare.Registry;

/// <summary>Commands for the operator. A server that runs on the root carries them out; where none does, they do it themselves.</summary>
public static class RegistryCommands
{
    /// <summary>Removes what nothing refers to, now.</summary>
    /// <param name="options">The root, and how long something stays when no server runs; a server has its own options.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <returns>Lines for people.</returns>
    /// <exception cref="TareException">It failed.</exception>
    public static Task<IReadOnlyList<string>> CollectAsync(ServerOptions options, CancellationToken cancellationToken) => RunAsync(options, "gc", cancellationToken);

    /// <summary>Removes the tags that the configuration lets go, now.</summary>
    /// <param name="options">The root, and the configuration when no server runs.</param>
    /// <param name="dryRun">Whether they are only listed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The tags, <c>repository:tag</c>.</returns>
    /// <exception cref="TareException">It failed.</exception>
    public static Task<IReadOnlyList<string>> RetainAsync(ServerOptions options, bool dryRun, CancellationToken cancellationToken) =>
        RunAsync(options, dryRun ? "retention dry-run" : "retention", cancellationToken);

    private static async Task<IReadOnlyList<string>> RunAsync(ServerOptions options, string request, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(options.Root)) throw TareException.NotFound($"there is no registry at {options.Root}; say where it is by --root");
        if (await ControlSocket.AskAsync(options.Root, request, cancellationToken) is { } answer) return answer;
        using var parts = RegistryParts.Open(options);
        foreach (var notice in Sweeper.Run(parts.Database, parts.Files, parts.Uploads)) options.Log(RegistryLogLevel.Warning, notice);
        return await parts.CarryOutAsync(request, cancellationToken);
    }
}
