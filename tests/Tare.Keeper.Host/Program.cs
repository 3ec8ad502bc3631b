using Tare.Keeper;

// The keeper as a process of its own, for tests that need no published binary: dotnet exec Tare.Keeper.Host.dll keeper …
var stress = Environment.GetEnvironmentVariable("TARE_TEST_KEEPER_STRESS") is not null;
if (stress)
{
    // Garbage and finalizers as hard as they come, beside the keeper's own work.
    new Thread(() =>
    {
        while (true)
        {
            for (var i = 0; i < 1000; i++) _ = new Finalized(new byte[i]);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(1);
        }
    }) { IsBackground = true }.Start();
}
var options = KeeperOptions.Parse(args[1..]);
return KeeperRole.Run(options with { RoleArguments = ["exec", typeof(Finalized).Assembly.Location, "keeper"] });

internal sealed class Finalized(byte[] garbage)
{
    private static long count;

    ~Finalized() => Interlocked.Add(ref count, garbage.Length);
}
