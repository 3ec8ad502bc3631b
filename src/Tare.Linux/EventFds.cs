namespace Tare.Linux;

/// <summary>Counters to wait for: eventfd(2).</summary>
public static class EventFds
{
    /// <summary>Makes one: close-on-exec, non-blocking, zero.</summary>
    public static Fd Create() => throw new NotImplementedException();

    /// <summary>Adds one.</summary>
    public static void Signal(Fd eventFd) => throw new NotImplementedException();

    /// <summary>Takes the count and leaves zero; 0 when it was zero.</summary>
    public static ulong Take(Fd eventFd) => throw new NotImplementedException();
}
