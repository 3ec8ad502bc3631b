using System.Globalization;

namespace Tare.Linux;

/// <summary>What the kernel's out-of-memory killer is told of this process: <c>oom_score_adj</c> of proc(5).</summary>
public static class OutOfMemory
{
    private const string ScorePath = "/proc/self/oom_score_adj";

    /// <summary>
    /// Has this process killed only after those with a higher score, unless it is protected better already. Children inherit the
    /// score. False, and nothing is changed, when this process may not (CAP_SYS_RESOURCE).
    /// </summary>
    /// <param name="score">-1000 (never) to 1000 (first).</param>
    public static bool TryProtect(int score)
    {
        try
        {
            if (int.Parse(File.ReadAllText(ScorePath).AsSpan().Trim(), CultureInfo.InvariantCulture) > score)
                File.WriteAllText(ScorePath, score.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
