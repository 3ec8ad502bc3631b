using Tare.Cli.Commands;

namespace Tare.Cli.Creation;

/// <summary>--cidfile: a file that is made before the container, and is removed when there is no container.</summary>
internal sealed class CidFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;
    private bool _written;

    private CidFile(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Null when no file was asked for.</summary>
    /// <exception cref="CommandException">It exists, or cannot be made.</exception>
    public static CidFile? Create(string path)
    {
        if (path.Length == 0) return null;
        if (Path.Exists(path)) throw new CommandException($"container ID file found, make sure the other container isn't running or delete {path}");
        try
        {
            return new CidFile(path, new FileStream(path, FileMode.CreateNew, FileAccess.Write));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"failed to create the container ID file: {HostFiles.Failed("open", path, e).Message}");
        }
    }

    public void Write(string id)
    {
        _file.Write(System.Text.Encoding.ASCII.GetBytes(id));
        _file.Flush();
        _written = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_written) File.Delete(_path);
    }
}
