using Tare.Keeper.Protocol;
using Tare.Keeper.Server;

namespace Tare.Keeper.Client;

/// <summary>A request under way: how to write it (again, to another keeper), and who takes its answers.</summary>
internal sealed record PendingRequest(PacketType Type, PacketWriter Write, AnswerReader Read, Action<Exception> Fail)
{
    /// <summary>Nobody waits any more: its answer is taken, but it is not asked again.</summary>
    public bool Abandoned { get; init; }
}
