using System.Net.Sockets;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>Sockets to be held, and what is done to their keepers.</summary>
internal static class HoldSupport
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Which sockets they are, whichever their numbers.</summary>
    public static string[] Identities(IReadOnlyList<Fd> descriptors) => [.. descriptors.Select(fd => new FileInfo(fd.ProcPath).LinkTarget!)];

    public static Fd FdOf(Socket socket) => Descriptors.Duplicate((int)socket.Handle);

    public static async Task KillAsync(KeeperFixture keeper)
    {
        var pid = keeper.Client.KeeperPid;
        KeeperFixture.Kill(pid);
        await UntilAsync(() => keeper.Client.KeeperPid != pid);
        // Answered only when the new keeper has everything.
        await keeper.Client.CloseStdinAsync(new ProcessKey("nothing", 1), CancellationToken.None).WaitAsync(Patience);
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(10, patience.Token);
    }

    /// <summary>A connection that has ended is closed in the keeper's own time.</summary>
    public static Task UntilOpenAsync(KeeperFixture keeper, int count) => UntilAsync(() => KeeperFixture.OpenFiles(keeper.Client.KeeperPid).Length == count);
}

/// <summary>Sockets that can be told apart.</summary>
internal sealed class Sockets(int count) : IDisposable
{
    public Fd[] All { get; } = [.. Enumerable.Range(0, count).Select(_ => Make())];

    public void Dispose()
    {
        foreach (var fd in All) fd.Dispose();
    }

    private static Fd Make()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Unspecified);
        return HoldSupport.FdOf(socket);
    }
}
