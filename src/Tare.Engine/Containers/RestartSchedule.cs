using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>
/// Decides whether a container's policy starts it again, and after how long: 100 ms, then twice as long each time up to a minute;
/// who has run for ten seconds begins anew.
/// </summary>
internal sealed class RestartSchedule : IDisposable
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Proven = TimeSpan.FromSeconds(10);

    private TimeSpan delay;
    private CancellationTokenSource? pending;

    /// <summary>Somebody has stopped or killed it: the next end is the last, whatever the policy says.</summary>
    public bool CalledOff { get; private set; }

    /// <summary>Whether the policy wants an ended container back.</summary>
    public static bool Wants(RestartPolicy policy, int exitCode, int restarts, bool stoppedByUser) => policy.Name switch
    {
        "always" => true,
        "unless-stopped" => !stoppedByUser,
        "on-failure" => exitCode != 0 && (policy.MaximumRetryCount == 0 || restarts < policy.MaximumRetryCount),
        _ => false,
    };

    /// <summary>How long to wait before the next start.</summary>
    public TimeSpan NextDelay(TimeSpan ran)
    {
        if (ran >= Proven) delay = TimeSpan.Zero;
        delay = delay == TimeSpan.Zero ? First : delay + delay;
        if (delay > Longest) delay = Longest;
        return delay;
    }

    /// <summary>A start is waited for; the token says when it is called off.</summary>
    public CancellationToken Begin()
    {
        pending?.Dispose();
        pending = new CancellationTokenSource();
        return pending.Token;
    }

    /// <inheritdoc/>
    public void Dispose() => pending?.Dispose();

    /// <summary>Somebody has stopped the container.</summary>
    public void CallOff()
    {
        CalledOff = true;
        pending?.Cancel();
    }

    /// <summary>Somebody has started the container: the policy counts again, from the beginning.</summary>
    public void Reset()
    {
        CalledOff = false;
        delay = TimeSpan.Zero;
        pending?.Cancel();
    }
}
