using System.Diagnostics;

namespace Tare.EndToEnd.Harness;

/// <summary>Waits for a condition by asking again; it never waits longer than the condition needs, and it says what it saw.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<bool> condition, Func<string> what, TimeSpan? limit = null, Func<bool>? stop = null)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            bool last = stop?.Invoke() ?? false;
            if (last && condition())
                return;
            if (last || watch.Elapsed > (limit ?? Limit))
                Assert.Fail(what());
            await Task.Delay(10);
        }
    }

    /// <summary>Asks until the value is <paramref name="expected"/>.</summary>
    public static async Task EqualAsync<T>(T expected, Func<Task<T>> ask, TimeSpan? limit = null)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            T seen = await ask();
            if (EqualityComparer<T>.Default.Equals(seen, expected))
                return;
            if (watch.Elapsed > (limit ?? Limit))
                Assert.Equal(expected, seen);
            await Task.Delay(20);
        }
    }
}
