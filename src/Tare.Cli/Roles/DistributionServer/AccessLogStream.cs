using Tare.Cli.Commands;
using Tare.Cli.Io;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>Where the lines of requests go.</summary>
internal static class AccessLogStream
{
    /// <summary>Opens it: a file that is appended to, <c>-</c> for standard output; null for none.</summary>
    internal static Stream? Open(string name)
    {
        if (name.Length == 0) return null;
        if (name == "-") return new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(StandardStreams.Output.Number, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        try
        {
            return new FileStream(name, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cannot open the access log {name}: {e.Message}");
        }
    }
}
