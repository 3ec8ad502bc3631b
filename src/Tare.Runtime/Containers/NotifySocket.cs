using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>
/// Passes on that a container is ready (sd_notify(3)), when the runtime is started by a unit of systemd's that waits for that: a socket in the
/// state directory, bound into the container, on which the program says <c>READY=1</c>; the runtime says it to systemd's own socket.
/// </summary>
/// <remarks>
/// systemd hears only the processes of the unit, and those of a container are in control groups elsewhere: its socket itself, bound into the container,
/// would be of no use. Nothing else is passed on: what a container says of pids, of descriptors to be kept and of watchdogs is not about the unit's
/// processes.
/// </remarks>
public sealed class NotifySocket : IDisposable
{
    internal const string SocketName = "notify.sock";
    private const string Place = "/run/notify";
    private const string Variable = "NOTIFY_SOCKET";
    private const int LongestMessage = 64 << 10;

    /// <summary>Milliseconds that systemd has to hear a message before who has sent it ends; then it could not tell whose it was.</summary>
    private const int BarrierTimeout = 30_000;

    private readonly Fd socket;
    private readonly string host;
    private readonly Action<string> warn;

    /// <param name="path">Where the container's messages come to.</param>
    /// <param name="host">The socket of the one who waits.</param>
    /// <param name="warn">Hears that the message cannot be passed on.</param>
    internal NotifySocket(string path, string host, Action<string> warn)
    {
        (this.host, this.warn) = (host, warn);
        socket = DatagramSocket.Bind(path);
    }

    /// <summary>Waits until the container is ready, and tells it. Returns when that is done, or the container's process has ended.</summary>
    /// <param name="process">The container's process.</param>
    /// <param name="mainPid">The process that the unit is from now on watched by.</param>
    /// <param name="wait">Whether to wait until systemd has heard it, because this program ends next.</param>
    public void PassOn(Fd process, int mainPid, bool wait)
    {
        try
        {
            if (WaitUntilReady(process)) Tell(mainPid, wait);
        }
        catch (TareException e)
        {
            warn($"cannot tell that the container is ready: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    /// <summary>Whether the configuration leaves it to the runtime: an engine that does this itself has its own socket there.</summary>
    internal static bool IsWanted(Spec spec)
    {
        foreach (var variable in spec.Process?.Env ?? [])
        {
            if (variable.StartsWith(Variable + "=", StringComparison.Ordinal)) return false;
        }
        foreach (var mount in spec.Mounts ?? [])
        {
            if (mount.Destination.TrimEnd('/') == Place) return false;
        }
        return true;
    }

    /// <summary>The configuration with the socket's directory in it, and the variable that leads to it.</summary>
    internal static Spec AddTo(Spec spec, string directory) => spec with
    {
        Mounts = [.. spec.Mounts ?? [], new MountSpec { Destination = Place, Type = "bind", Source = directory, Options = ["bind", "nosuid", "noexec", "nodev", "ro"] }],
        Process = spec.Process! with { Env = [.. spec.Process.Env ?? [], $"{Variable}={Place}/{SocketName}"] },
    };

    /// <summary>Whether a message says that its sender is ready.</summary>
    internal static bool SaysReady(ReadOnlySpan<byte> message)
    {
        foreach (var line in message.Split((byte)'\n'))
        {
            if (message[line].SequenceEqual("READY=1"u8)) return true;
        }
        return false;
    }

    private bool WaitUntilReady(Fd process)
    {
        var buffer = new byte[LongestMessage];
        var passed = new List<Fd>();
        while (Polling.WaitAny(socket, process) == 0)
        {
            var length = 0;
            try
            {
                length = SeqPacketSocket.Receive(socket, buffer, passed, wait: false);
            }
            catch (LinuxException e) when (e.Error == Errno.EMSGSIZE)
            {
                // What is longer than systemd would take says nothing.
                continue;
            }
            // Whoever waits until his message was heard has sent one, and waits for its end (sd_notify_barrier(3)).
            foreach (var fd in passed) fd.Dispose();
            passed.Clear();
            if (length > 0 && SaysReady(buffer.AsSpan(0, length))) return true;
        }
        return false;
    }

    private void Tell(int mainPid, bool wait)
    {
        using var client = DatagramSocket.TryConnect(host, out var error) ?? throw new LinuxException($"connect to {host}", error);
        SeqPacketSocket.Send(client, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"READY=1\nMAINPID={mainPid}\n")), [], wait: true);
        if (!wait) return;
        var (ours, theirs) = SeqPacketSocket.Pair();
        using (ours)
        {
            using (theirs) SeqPacketSocket.Send(client, "BARRIER=1"u8, [theirs], wait: true);
            if (!Polling.WaitReadable(ours, BarrierTimeout)) warn($"{host} has not taken the message that the container is ready within {BarrierTimeout / 1000} s");
        }
    }
}
