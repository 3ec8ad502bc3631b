using System.Collections.Immutable;
using Tare.Networks.Dns.Names;

namespace Tare.Networks.Dns.Resolvers;

/// <summary>How a container finds the embedded server, and what that server needs to know of what the container would have asked instead.</summary>
/// <param name="Text">The container's file.</param>
/// <param name="Upstreams">For <see cref="DnsView.Upstreams"/>.</param>
/// <param name="KeepsBareNames">For <see cref="DnsView.KeepsBareNames"/>.</param>
public sealed record EmbeddedResolvConf(string Text, ImmutableArray<DnsUpstream> Upstreams, bool KeepsBareNames);
