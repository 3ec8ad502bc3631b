using Tare.Errors;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>
/// Finds the keeper, or starts one: a process in a session of its own, with no terminal, its complaints in
/// <c>EXEC-ROOT/keeper.log</c>, outside the cgroup by which a service manager would end it together with the daemon.
/// </summary>
internal static class KeeperStarter
{
    private const int Attempts = 5;

    /// <summary>
    /// Gives a connection to the keeper. Only one starter is at work at a time (a lock's file), and a keeper that was just
    /// started already has its end of the connection, so that nobody waits for it to listen.
    /// </summary>
    /// <param name="options">Where and how.</param>
    /// <param name="greet">Speaks with it; false: it closed the connection.</param>
    public static Fd Connect(KeeperClientOptions options, Func<Fd, bool> greet)
    {
        Directory.CreateDirectory(options.ExecRoot, (UnixFileMode)0b111_001_001);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // Not without the lock: a keeper that is starting or stopping would be seen halfway.
            using var turn = RegularFiles.OpenLocked(KeeperHost.StartLockPath(options.ExecRoot), wait: true);
            var socket = SeqPacketSocket.TryConnect(KeeperHost.SocketPath(options.ExecRoot), out var error);
            if (socket is null)
            {
                if (error is not (Errno.ENOENT or Errno.ECONNREFUSED)) throw new LinuxException($"connect to the keeper in {options.ExecRoot}", error);
                socket = Start(options);
            }
            var greeted = false;
            try
            {
                greeted = greet(socket);
                if (greeted) return socket;
            }
            finally
            {
                if (!greeted) socket.Dispose();
            }
        }
        throw TareException.Internal($"the keeper ends as soon as it is started: the reason is in {options.ExecRoot}/keeper.log");
    }

    private static Fd Start(KeeperClientOptions options)
    {
        var (own, its) = SeqPacketSocket.Pair();
        try
        {
            using (its)
            using (var nothing = RegularFiles.OpenNull())
            using (var errors = RegularFiles.OpenAppend(KeeperHost.LogPath(options.ExecRoot)))
            {
                var request = new SpawnRequest
                {
                    Path = options.Executable,
                    Arguments = ["tare", .. options.RoleArguments, "--exec-root", options.ExecRoot, "--connection-fd", "3"],
                    Environment = KeeperEnvironment(),
                    NewSession = true,
                    BlockedSignal = SignalMasks.ChildEnded,
                };
                var pid = ProcessSpawn.TryStart(request, [nothing, nothing, errors, its], out var error);
                if (pid < 0) throw new LinuxException($"start a keeper with {options.Executable}", error);
                LeaveCgroup(pid, options.Notice);
                ReapWhenEnded(pid);
                options.Notice?.Invoke($"started a keeper, process {pid}");
            }
            return own;
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    /// <summary>A keeper needs little memory and gives back what it does not need; it does not inherit the daemon's choices.</summary>
    private static string[] KeeperEnvironment()
    {
        var inherited = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(entry => $"{entry.Key}={entry.Value}")
            .Where(entry => !entry.StartsWith("DOTNET_gc", StringComparison.OrdinalIgnoreCase));
        return [.. inherited, "DOTNET_gcServer=0", "DOTNET_gcConcurrent=0", "DOTNET_GCgen0size=40000", "DOTNET_GCConserveMemory=7"];
    }

    /// <summary>The keeper is a child of the daemon for as long as both live: somebody has to reap it.</summary>
    private static void ReapWhenEnded(int pid)
    {
        var pidFd = PidFds.Open(pid);
        var thread = new Thread(
            () =>
            {
                using (pidFd)
                using (var epoll = new Epoll(1))
                {
                    epoll.Add(pidFd, EpollEvents.In, 1);
                    epoll.Wait(-1);
                    _ = Waiting.Reap(pidFd, out _);
                }
            },
            64 * 1024) { IsBackground = true, Name = "keeper's end" };
        thread.Start();
    }

    /// <summary>
    /// Moves the keeper to the root of the hierarchy by which services are managed, if the daemon is in a service's cgroup. What
    /// forbids it, such as a container that the daemon itself runs in, is no reason not to start.
    /// </summary>
    private static void LeaveCgroup(int pid, Action<string>? notice)
    {
        foreach (var line in File.ReadLines("/proc/self/cgroup"))
        {
            var parts = line.Split(':', 3);
            if (parts.Length < 3 || parts[2] == "/" || (parts[1].Length > 0 && parts[1] != "name=systemd")) continue;
            var root = parts[1].Length > 0 ? "/sys/fs/cgroup/systemd" : File.Exists("/sys/fs/cgroup/cgroup.procs") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
            try
            {
                File.WriteAllText(root + "/cgroup.procs", $"{pid}");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                notice?.Invoke($"the keeper stays in the daemon's cgroup {parts[2]}: {error.Message}");
            }
        }
    }
}
