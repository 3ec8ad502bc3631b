using System.Runtime.InteropServices;
using Tare.Cli.Commands;
using Tare.Linux;

namespace Tare.Cli.Io;

/// <summary>
/// Where a verb writes an archive: standard output, which must be no terminal, or a file, which is there when it is whole and not before.
/// </summary>
internal sealed class ArchiveOutput : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly Session _session;
    private readonly string _path;
    private readonly string _draft;
    private readonly List<PosixSignalRegistration> _signals = [];
    private FileStream? _file;

    private ArchiveOutput(Session session, string path, string draft, FileStream? file)
    {
        _session = session;
        _path = path;
        _draft = draft;
        _file = file;
        if (file is null) return;
        // Who interrupts the verb finds no part of a file.
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _signals.Add(PosixSignalRegistration.Create(signal, _ => File.Delete(_draft)));
    }

    /// <summary>Opens the output.</summary>
    /// <param name="session">The program's streams.</param>
    /// <param name="path">The file; empty for standard output.</param>
    /// <param name="failure">What to say before an error of the file.</param>
    /// <exception cref="CommandException">It is a terminal, or cannot be written.</exception>
    public static ArchiveOutput Open(Session session, string path, string failure)
    {
        if (path.Length == 0)
        {
            if (session.Out.IsTerminal) throw new CommandException("cowardly refusing to save to a terminal. Use the -o flag or redirect");
            return new ArchiveOutput(session, "", "", null);
        }

        var whole = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(whole) ?? "/";
        if (!Directory.Exists(folder)) throw new CommandException($"{failure}: invalid output path: stat {Path.GetDirectoryName(path)}: no such file or directory");
        switch (FileFacts.KindOf(whole))
        {
            case FileKind.Directory:
                throw new CommandException($"{failure}: cannot write to a directory");
            case FileKind.CharacterDevice:
                throw new CommandException($"{failure}: cannot write to a character device file");
            case FileKind.BlockDevice:
                throw new CommandException($"{failure}: cannot write to a block device file");
            case FileKind.Fifo:
                throw new CommandException($"{failure}: cannot write to a named pipe file");
            case FileKind.Socket:
                throw new CommandException($"{failure}: cannot write to a socket file");
            case FileKind.Link:
                // It is written to, not replaced.
                whole = new FileInfo(whole).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? whole;
                break;
            default:
                break;
        }

        var draft = Path.Combine(Path.GetDirectoryName(whole)!, $".tmp-{Path.GetFileName(whole)}{Environment.ProcessId}");
        try
        {
            return new ArchiveOutput(session, whole, draft, new FileStream(draft, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{failure}: {HostFiles.Failed("open", path, e).Message}");
        }
    }

    /// <summary>Writes an archive to its end.</summary>
    public async ValueTask CopyAsync(Stream archive)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
        int count;
        while ((count = await archive.ReadAsync(buffer)) > 0)
        {
            if (_file is null) _session.Out.WriteThrough(buffer.AsSpan(0, count));
            else _file.Write(buffer.AsSpan(0, count));
        }

        if (_file is null) return;
        _file.Dispose();
        File.Move(_draft, _path, overwrite: true);
        _file = null;
    }

    /// <summary>Takes away what is not whole.</summary>
    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        if (_file is null) return;
        _file.Dispose();
        File.Delete(_draft);
    }
}
