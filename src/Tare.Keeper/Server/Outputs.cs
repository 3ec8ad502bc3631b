using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Where the outputs of a process are read: by the log writer, by the daemon, or, when nobody wants them, here.</summary>
internal sealed class Outputs(KeeperState state)
{
    private readonly byte[] scratch = new byte[16 * 1024];

    /// <summary>Begins to read the outputs of a process that runs.</summary>
    /// <param name="child">The process.</param>
    /// <param name="knownEnd">The end of its log, when it is certain; else -1.</param>
    public void Attach(KeptChild child, long knownEnd = -1)
    {
        if (child.Record is { Output: OutputTarget.Log, Log: { } options }) AttachLog(child, options, knownEnd);
        else if (child.Record.Output == OutputTarget.Discard || child.Owner == 0) Drain(child);
    }

    /// <summary>Adds the outputs of a process whose log is already there, from a daemon that had held them.</summary>
    public static void AttachStreams(KeptChild child) => child.Log!.Read(child.Stdout, child.Stderr, child.Master);

    /// <summary>The daemon that read the outputs is gone: reads and drops them, so that nothing blocks or gets SIGPIPE.</summary>
    public void Drain(KeptChild child)
    {
        child.Owner = 0;
        if (child.Drained.Count > 0) return;
        if (child.Master is { } master) Drain(child, master, terminal: true);
        if (child.Stdout is { } stdout) Drain(child, stdout, terminal: false);
        if (child.Stderr is { } stderr) Drain(child, stderr, terminal: false);
    }

    /// <summary>Closes everything that was the process's.</summary>
    public void Close(KeptChild child)
    {
        foreach (var output in child.Drained) state.Loop.Unregister(output);
        child.Drained.Clear();
        child.Stdin?.Dispose();
        child.Stdout?.Dispose();
        child.Stderr?.Dispose();
        child.Master?.Dispose();
        child.Stdin = child.Stdout = child.Stderr = child.Master = null;
        if (child.PidFd is { } pidFd)
        {
            state.Loop.Remove(child.PidFdToken, pidFd);
            pidFd.Dispose();
            child.PidFd = null;
        }
    }

    private void AttachLog(KeptChild child, LogOptions options, long knownEnd)
    {
        child.Log = new ProcessLog(state.Logs, child.Key, options, child.Record.LogStart, knownEnd, log => state.Loop.Post(() => Opened(child, log)));
        AttachStreams(child);
    }

    private void Opened(KeptChild child, ProcessLog log)
    {
        child.Record = child.Record with { LogStart = log.Start };
        if (child.Phase != Phase.Ended) state.Journal.Opened(child.Record);
    }

    private void Drain(KeptChild child, Fd fd, bool terminal)
    {
        var output = state.Loop.CreateStream(fd, terminal);
        child.Drained.Add(output);
        state.Loop.Register(output, () => output.Read(scratch));
    }
}
