using System.Net;

namespace Tare.Networks.Dns.Names;

/// <summary>A server that is asked what is no name of a container.</summary>
/// <param name="Address">Where it listens; the port is 53 outside of tests.</param>
/// <param name="FromHost">
/// It is the host's own, and asked from the host's network namespace, where its loopback addresses mean what the host means by them. One that
/// the user has set for the container (<c>--dns</c>) is asked from the container's.
/// </param>
public sealed record DnsUpstream(IPEndPoint Address, bool FromHost);
