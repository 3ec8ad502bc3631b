using Tare.Linux;

namespace Tare.Cli.Io;

/// <summary>The descriptors that the process was started with. They are the process's and are never closed.</summary>
internal static class StandardStreams
{
    public static Fd Input { get; } = new(0);

    public static Fd Output { get; } = new(1);

    public static Fd Error { get; } = new(2);
}
