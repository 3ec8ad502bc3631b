namespace Tare.Client;

/// <summary>How a <see cref="TareClient"/> reaches its engine.</summary>
public sealed record TareClientOptions
{
    /// <summary>Where the engine listens.</summary>
    public EngineAddress Address { get; init; } = EngineAddress.Default;

    /// <summary>The API version to speak, such as <c>1.44</c>.</summary>
    public string ApiVersion { get; init; } = TareClient.MaximumApiVersion;

    /// <summary>
    /// Whether an engine that knows only older versions is spoken to in its own. The first answer tells it, so that it costs a round trip
    /// only with such an engine.
    /// </summary>
    public bool Negotiate { get; init; } = true;

    /// <summary>The User-Agent of every request.</summary>
    public string UserAgent { get; init; } = "tare";

    /// <summary>More headers for every request.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>
    /// Whether calls do their I/O on the calling thread and complete before they return. A program that lives for milliseconds
    /// saves the start of the thread pool and of the event loop of sockets. One connection still serves one call at a time;
    /// several threads may call.
    /// </summary>
    public bool Blocking { get; init; }

    /// <summary>
    /// Connects to the path of a unix socket when calls are <see cref="Blocking"/>; without it the framework's sockets do. It throws
    /// <see cref="System.Net.Sockets.SocketException"/>.
    /// </summary>
    public Func<string, IBlockingConnection>? ConnectUnix { get; init; }

    /// <summary>
    /// Called when nothing listens at a unix socket's path; true tries once more. It is how a command line starts an engine on demand.
    /// </summary>
    public Func<CancellationToken, ValueTask<bool>>? Absent { get; init; }
}
