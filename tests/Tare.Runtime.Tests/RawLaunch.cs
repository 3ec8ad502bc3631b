using System.Buffers.Binary;
using Tare.Linux;

namespace Tare.Runtime.Tests;

/// <summary>Runs an image in the launcher as it is, and takes its last record and its exit code.</summary>
internal static class RawLaunch
{
    private static readonly Poller Polling = new();

    public static (int ExitCode, uint Kind, uint Step, long Value) Run(byte[] image)
    {
        using var launcher = Launcher.Load();
        using var program = Descriptors.SealedMemory("test", image);
        using var nothing = Paths.Open("/dev/null", OpenFlags.ReadWrite);
        var (status, theirs) = SeqPacketSocket.Pair();
        using var mine = status;
        var pid = ProcessSpawn.TryStart(new SpawnRequest { Path = launcher.ProcPath, Arguments = ["launcher"] }, [nothing, nothing, nothing, program, theirs], out var error);
        Assert.True(pid > 0, Errno.Describe(error));
        theirs.Dispose();
        var message = new byte[64];
        var (kind, step, value) = (0u, 0u, 0L);
        while (SeqPacketSocket.Receive(mine, message, [], wait: true) > 0)
        {
            (kind, step) = (BinaryPrimitives.ReadUInt32LittleEndian(message), BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(4)));
            value = BinaryPrimitives.ReadInt64LittleEndian(message.AsSpan(8));
        }
        using var process = PidFds.Open(pid);
        Polling.WaitReadableAsync(process, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Waiting.Reap(process, out var end);
        return (end.ExitCode, kind, step, value);
    }
}
