namespace Tare.Cli.Tests.SideBySide;

/// <summary>A theory that needs a reference engine and the stock docker CLI; without them it is reported as skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EngineTheoryAttribute : TheoryAttribute
{
    public EngineTheoryAttribute() => Skip = Missing!;

    /// <summary>What is missing; null when nothing is.</summary>
    public static string? Missing
    {
        get
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("TARE_TEST_HOST"))) return "TARE_TEST_HOST names no reference engine";
            if (Shell.Stock.Length == 0) return "the stock docker CLI is not installed";
            return File.Exists("/bin/busybox") ? null : "/bin/busybox (package busybox-static) is not installed";
        }
    }
}
