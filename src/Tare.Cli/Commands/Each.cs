namespace Tare.Cli.Commands;

/// <summary>An operation on each of several objects. All are tried; what failed is told at the end.</summary>
internal static class Each
{
    private const int MaximumThreads = 50;

    /// <summary>Runs the operation on all names, several at a time; prints each name that succeeded, in order.</summary>
    /// <param name="session">The program's streams.</param>
    /// <param name="names">The names.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="forgive">Failures that are told and do not count.</param>
    /// <exception cref="CommandException">Some failed.</exception>
    public static int Run(Session session, IReadOnlyList<string> names, Func<string, ValueTask> operation, Func<Exception, bool>? forgive = null)
    {
        var outcomes = new Exception?[names.Count];
        if (names.Count == 1) outcomes[0] = Attempt(names[0], operation);
        var threads = new Thread[names.Count == 1 ? 0 : Math.Min(names.Count, MaximumThreads)];
        var next = -1;
        var done = new ManualResetEventSlim[threads.Length == 0 ? 0 : names.Count];
        for (var i = 0; i < done.Length; i++) done[i] = new ManualResetEventSlim();
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                for (var at = Interlocked.Increment(ref next); at < names.Count; at = Interlocked.Increment(ref next))
                {
                    outcomes[at] = Attempt(names[at], operation);
                    done[at].Set();
                }
            });
            threads[i].Start();
        }

        var errors = new List<string>();
        for (var i = 0; i < names.Count; i++)
        {
            if (done.Length > 0) done[i].Wait();
            var error = outcomes[i];
            if (error is null)
            {
                session.Out.WriteLine(names[i]);
                session.Out.Flush();
            }
            else if (forgive?.Invoke(error) == true)
            {
                session.Error.WriteLine(CommandException.Describe(error));
            }
            else
            {
                errors.Add(CommandException.Describe(error));
            }
        }

        foreach (var thread in threads) thread.Join();
        return errors.Count == 0 ? 0 : throw CommandException.Join(errors);
    }

    private static Exception? Attempt(string name, Func<string, ValueTask> operation)
    {
        try
        {
            operation(name).AsTask().GetAwaiter().GetResult();
            return null;
        }
        catch (Exception e) when (CommandException.IsExpected(e) || e is CommandException)
        {
            return e;
        }
    }
}
