using System.Text;
using Tare.Cli.Io;
using Tare.Linux;

namespace Tare.Cli.Tests;

/// <summary>An output that is a terminal of a size, and what came out at its other side; or one that is none.</summary>
internal sealed class TerminalPair : IDisposable
{
    private const string Mark = "<end>";

    private readonly Fd? _master;
    private readonly Fd _fd;

    private TerminalPair(Fd? master, Fd fd)
    {
        _master = master;
        _fd = fd;
        Output = new Output(fd);
    }

    public Output Output { get; }

    public static TerminalPair OfColumns(int columns)
    {
        var master = Terminals.OpenMaster();
        var slave = Terminals.OpenSlave(master);
        Terminals.Resize(master, 24, columns);
        return new TerminalPair(master, slave);
    }

    public static TerminalPair OfFile() => new(null, Descriptors.Memory("output"));

    /// <summary>Everything that was written, as the terminal got it: with a carriage return before each line feed.</summary>
    public string Read()
    {
        Output.Flush();
        var buffer = new byte[64 * 1024];
        if (_master is null) return Encoding.UTF8.GetString(buffer, 0, RegularFiles.ReadAt(_fd, buffer, 0));
        // A terminal passes on piece by piece; the end is known by a mark.
        Output.Write(Mark);
        Output.Flush();
        var count = 0;
        while (!Encoding.UTF8.GetString(buffer, 0, count).EndsWith(Mark, StringComparison.Ordinal)) count += Descriptors.Read(_master, buffer.AsSpan(count));
        return Encoding.UTF8.GetString(buffer, 0, count)[..^Mark.Length];
    }

    public void Dispose()
    {
        _fd.Dispose();
        _master?.Dispose();
    }
}
