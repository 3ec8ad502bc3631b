using Tare.Errors;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// The keeper process: parent and subreaper of every container, owner of ptys and pipes, writer of logs, keeper of exit codes.
/// </summary>
public static class KeeperRole
{
    /// <summary>
    /// Killed after everything else that can be killed at all, as containerd. Without it the end of one keeper would cost every
    /// container its output; who may not lower the score goes without. Every launch program sets the score of its process.
    /// </summary>
    private const int OutOfMemoryScore = -999;

    /// <summary>So many folders of logs can be waited for, on disks that do not answer, before those on others wait as well.</summary>
    private const int MinPoolThreads = 32;

    /// <summary>
    /// Runs the keeper until its last process is acknowledged and the daemon is gone; returns the exit code. Must be called on
    /// the main thread, before the process has made descriptors or threads of its own.
    /// </summary>
    public static int Run(KeeperOptions options)
    {
        try
        {
            if (options.CheckHandover)
            {
                _ = ReadHandover(options.HandoverFd);
                return 0;
            }
            BlockChildSignal(options);
            ProcessImage.BecomeSubreaper();
            _ = OutOfMemory.TryProtect(OutOfMemoryScore);
            ThreadPool.SetMinThreads(MinPoolThreads, 1);
            using var host = options.HandoverFd >= 0 ? Continue(options) : Begin(options);
            if (host is null) return 0;
            host.Run();
            return 0;
        }
        catch (Exception error) when (error is TareException or IOException or UnauthorizedAccessException)
        {
            Complain(error.Message);
            return 1;
        }
    }

    /// <summary>
    /// SIGCHLD is read from a descriptor, and so must be blocked in every thread. The runtime's own threads have inherited the mask
    /// that the process began with: a keeper that was not started with it blocked executes itself once more.
    /// </summary>
    private static void BlockChildSignal(KeeperOptions options)
    {
        if (SignalMasks.IsBlocked(SignalMasks.ChildEnded)) return;
        SignalMasks.Block(SignalMasks.ChildEnded);
        if (options.SignalsBlocked) return;
        var again = options with { SignalsBlocked = true };
        var environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}");
        var error = ProcessImage.Execute("/proc/self/exe", ["tare", .. again.ToArguments()], [.. environment]);
        throw new LinuxException("execute the keeper again", error);
    }

    private static KeeperHost? Begin(KeeperOptions options)
    {
        Directory.CreateDirectory(options.ExecRoot, (UnixFileMode)0b111_001_001);
        var exclusive = RegularFiles.OpenLocked(KeeperHost.LockPath(options.ExecRoot), wait: false);
        if (exclusive is null)
        {
            // Who started this one sees its connection end, and finds the other.
            Complain($"another keeper runs in {options.ExecRoot}");
            return null;
        }
        var socket = KeeperHost.SocketPath(options.ExecRoot);
        File.Delete(socket);
        var host = new KeeperHost(options, exclusive, SeqPacketSocket.Listen(socket, backlog: 128), Complain);
        host.Recover();
        if (options.ConnectionFd >= 0)
        {
            ProcessImage.SetCloseOnExec(options.ConnectionFd, true);
            host.Connect(new Fd(options.ConnectionFd));
        }
        return host;
    }

    private static KeeperHost Continue(KeeperOptions options)
    {
        var handover = ReadHandover(options.HandoverFd);
        foreach (var number in handover.Descriptors) ProcessImage.SetCloseOnExec(number, true);
        var host = new KeeperHost(options, new Fd(handover.Lock), new Fd(handover.Listener), Complain);
        host.Restore(handover);
        return host;
    }

    private static Handover ReadHandover(int number)
    {
        using var memory = new Fd(number);
        var data = new byte[FileStatuses.Of(memory)?.Size ?? 0];
        var filled = 0;
        int count;
        while (filled < data.Length && (count = RegularFiles.ReadAt(memory, data.AsSpan(filled), filled)) > 0) filled += count;
        return Handover.Read(data.AsSpan(0, filled));
    }

    private static void Complain(string message)
    {
        using var errors = Descriptors.Duplicate(2);
        var line = $"{DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} keeper: {message}\n";
        _ = Descriptors.TryWrite(errors, System.Text.Encoding.UTF8.GetBytes(line), out _);
    }
}
