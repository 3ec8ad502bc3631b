using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>Takes an answer's packet; whatever descriptors it leaves in the list are closed. Called on the client's reading thread.</summary>
internal delegate void AnswerReader(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors);

/// <summary>A request under way: how to write it (again, to another keeper), and who takes its answers.</summary>
internal sealed record PendingRequest(PacketType Type, PacketWriter Write, AnswerReader Read, Action<Exception> Fail)
{
    /// <summary>Nobody waits any more: its answer is taken, but it is not asked again.</summary>
    public bool Abandoned { get; init; }
}
