using Tare.Errors;

namespace Tare.Engine.Containers;

/// <summary>Docker's words for states that do not allow a request.</summary>
internal static class ContainerErrors
{
    public static TareException NotRunning(Container container) => TareException.Conflict($"container {container.Id} is not running");

    public static TareException Restarting(Container container) =>
        TareException.Conflict($"Container {container.Id} is restarting, wait until the container is running");

    /// <summary>The same error with words before it.</summary>
    public static TareException Wrap(TareException error, string before) => new(error.Kind, $"{before}: {error.Message}", error);
}
