namespace Tare.Cli.Tests.SideBySide;

/// <summary>A theory that needs the stock docker CLI and no engine; without it, it is reported as skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StockTheoryAttribute : TheoryAttribute
{
    public StockTheoryAttribute() => Skip = Shell.Stock.Length > 0 ? null! : "the stock docker CLI is not installed";
}
