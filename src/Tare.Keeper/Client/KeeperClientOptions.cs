namespace Tare.Keeper;

/// <summary>How the daemon reaches, and when need be starts, the keeper.</summary>
public sealed record KeeperClientOptions
{
    /// <summary>The folder of the keeper's socket and journal.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>The program that becomes a keeper; by default this process's own.</summary>
    public string Executable { get; init; } = "/proc/self/exe";

    /// <summary>The arguments that make it a keeper, ahead of <c>--exec-root</c>.</summary>
    public IReadOnlyList<string> RoleArguments { get; init; } = ["keeper"];

    /// <summary>Is told in one line what nobody waits for: a keeper that died, that was started, that adopted.</summary>
    public Action<string>? Notice { get; init; }
}
