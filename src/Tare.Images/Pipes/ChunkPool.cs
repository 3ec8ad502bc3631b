using System.Collections.Concurrent;

namespace Tare.Images.Pipes;

/// <summary>Buffers that the pipes of one operation share; they go with it, so that a daemon at rest holds none.</summary>
internal sealed class ChunkPool
{
    /// <summary>Bytes of a buffer: large enough that handing it over costs nothing beside filling it.</summary>
    internal const int ChunkLength = 256 * 1024;

    private readonly ConcurrentBag<byte[]> _idle = [];

    internal byte[] Rent() => _idle.TryTake(out var chunk) ? chunk : GC.AllocateUninitializedArray<byte>(ChunkLength);

    internal void Return(byte[] chunk) => _idle.Add(chunk);
}
