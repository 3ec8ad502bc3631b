using Tare.Linux;

namespace Tare.Runtime;

/// <summary>A compiled filter of system calls, ready to be loaded by seccomp(2).</summary>
/// <param name="Program">An array of <c>struct sock_filter</c>.</param>
/// <param name="Flags">The flags of SECCOMP_SET_MODE_FILTER (<see cref="SeccompFlags"/>).</param>
public sealed record SeccompFilter(byte[] Program, uint Flags)
{
    /// <summary>Whether loading it gives a listener, which has to be handed over.</summary>
    public bool Listens => ((SeccompFlags)Flags).HasFlag(SeccompFlags.NewListener);

    /// <summary>The socket of whoever gets the listener; set when there is one.</summary>
    public string? ListenerPath { get; init; }

    /// <summary>What that one is told with it.</summary>
    public string? ListenerMetadata { get; init; }
}
