using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>Hands the listener of a seccomp filter to the agent that the specification names (config-linux.md, "The Container Process State").</summary>
internal static class SeccompListener
{
    public static void Send(SeccompFilter filter, Fd listener, int pid, State state)
    {
        using (listener)
        {
            var path = filter.ListenerPath ?? throw TareException.Invalid("linux.seccomp uses SCMP_ACT_NOTIFY without a listenerPath: name the socket of the agent");
            using var socket = StreamSocket.TryConnect(path, out var error)
                ?? throw TareException.Invalid($"cannot connect to the seccomp agent at {path}: {Errno.Describe(error)}");
            var message = SpecWriter.WriteContainerProcessState(new ContainerProcessState
            {
                OciVersion = state.OciVersion,
                Fds = [ContainerProcessState.SeccompDescriptor],
                Pid = pid,
                Metadata = filter.ListenerMetadata,
                State = state,
            });
            SeqPacketSocket.Send(socket, message, [listener], wait: true);
        }
    }
}
