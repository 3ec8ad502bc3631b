using Tare.Engine.Ports;
using Tare.Networks;

namespace Tare.Engine.Networks;

/// <summary>What those who deal with networks share.</summary>
internal sealed record NetworkParts
{
    public required NetworkStore Store { get; init; }

    public required INetworkPlane Plane { get; init; }

    public required EndpointTable Table { get; init; }

    public required NameRecords Names { get; init; }

    public required AwaitedPlaces Awaited { get; init; }

    public required NetworkEvents Events { get; init; }
}
