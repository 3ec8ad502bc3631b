using Tare.Linux;

namespace Tare.Networks.Dns.Server;

/// <summary>
/// What a sandbox is served through. They are the caller's, who keeps them open until the sandbox is detached; the server neither shuts them
/// down nor closes them.
/// </summary>
/// <param name="Datagrams">A bound, non-blocking UDP socket.</param>
/// <param name="Connections">A listening, non-blocking TCP socket.</param>
/// <param name="Network">
/// The container's network namespace, from which the servers are asked that the user has set for it; null when there are none, and such servers
/// cannot be asked then.
/// </param>
public sealed record DnsSockets(Fd Datagrams, Fd Connections, Fd? Network = null);
