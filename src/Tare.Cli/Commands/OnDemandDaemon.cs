using Tare.Client;
using Tare.Linux;

namespace Tare.Cli.Commands;

/// <summary>
/// Starts a daemon when a verb needs one and there is none: in a session of its own, with its messages in a file, and only at the
/// default address. The daemon says through a pipe when it listens; the pipe's end without a word says that it could not.
/// </summary>
internal sealed class OnDemandDaemon(Session session, EngineAddress address)
{
    private const string Folder = "/run/tare";
    private const string LogPath = Folder + "/daemon.log";
    private const string LockPath = Folder + "/start.lock";

    /// <summary>The pipe's number in the daemon.</summary>
    private const int ReadyDescriptor = 3;

    /// <summary>True when there is a daemon now.</summary>
    /// <exception cref="CommandException">It could not be started.</exception>
    public ValueTask<bool> StartAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (Environment.UserName != "root" && !File.Exists(Folder)) return new(false);
        Directory.CreateDirectory(Folder);
        // Of several verbs that find no daemon at the same time one starts it, and the others wait for that.
        using var start = RegularFiles.OpenLocked(LockPath, wait: true);
        if (Listens()) return new(true);
        using (var log = RegularFiles.OpenOrCreate(LogPath))
        {
            RegularFiles.Truncate(log, 0);
            Start(log);
        }

        session.Error.WriteLine($"{session.Program}: no daemon was running, so one was started at {address} (its messages are in {LogPath})");
        session.Error.Flush();
        return new(true);
    }

    private bool Listens()
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        try
        {
            socket.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint(address.SocketPath!));
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private static void Start(Fd log)
    {
        using var nothing = RegularFiles.OpenRead("/dev/null") ?? throw new CommandException("/dev/null is missing");
        var (ready, tell) = Descriptors.Pipe();
        using (ready)
        {
            var program = Environment.ProcessPath ?? "/proc/self/exe";
            var request = new SpawnRequest
            {
                Path = program,
                Arguments = ["tare", "daemon", "--ready-fd", ReadyDescriptor.ToString(System.Globalization.CultureInfo.InvariantCulture)],
                Environment = [.. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(variable => $"{variable.Key}={variable.Value}")],
                NewSession = true,
            };
            using (tell)
            {
                if (ProcessSpawn.TryStart(request, [nothing, log, log, tell], out var error) < 0)
                    throw new CommandException($"cannot start a daemon with {program}: {Errno.Describe(error)}");
            }

            // A byte says that it listens, the end that it is gone.
            if (Descriptors.Read(ready, stackalloc byte[1]) == 1) return;
        }

        var messages = File.ReadAllLines(LogPath);
        throw new CommandException($"no daemon is running, and one could not be started: {(messages.Length > 0 ? messages[^1] : $"it ended without a message, see {LogPath}")}");
    }
}
