namespace Tare.Keeper;

/// <summary>How a keeper process is run.</summary>
public sealed record KeeperOptions
{
    /// <summary>The folder of the socket and the journal; should be on tmpfs. Made (0711) when it is missing.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>
    /// The arguments that make this program a keeper, ahead of the options: <c>["keeper"]</c> for the tare binary. Upgrades
    /// and restarts use them.
    /// </summary>
    public IReadOnlyList<string> RoleArguments { get; init; } = ["keeper"];

    /// <summary>A connected socket that is the first connection (<c>--connection-fd</c>); -1: none.</summary>
    public int ConnectionFd { get; init; } = -1;

    /// <summary>The state of the program that this one was before an upgrade (<c>--handover-fd</c>); -1: none.</summary>
    public int HandoverFd { get; init; } = -1;

    /// <summary>Only says by the exit code whether the handover can be read (<c>--check-handover</c>), and does nothing.</summary>
    public bool CheckHandover { get; init; }

    /// <summary>The launcher's ELF image; by default the built-in one.</summary>
    public ReadOnlyMemory<byte> LauncherImage { get; init; }

    /// <summary>Reads the options of <c>tare keeper</c>: <c>--exec-root DIR</c>, and those that one keeper gives to the next.</summary>
    /// <exception cref="Errors.TareException">An argument is unknown or lacks its value.</exception>
    public static KeeperOptions Parse(IReadOnlyList<string> arguments) => throw new NotImplementedException();
}

/// <summary>The keeper process.</summary>
public static class KeeperRole
{
    /// <summary>Runs the keeper until its last process is acknowledged and the daemon is gone; returns the exit code.</summary>
    public static int Run(KeeperOptions options) => throw new NotImplementedException();
}
