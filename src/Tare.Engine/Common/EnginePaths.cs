namespace Tare.Engine.Common;

/// <summary>
/// Where the engine keeps what:
/// <code>
/// DATA-ROOT/tare.db                                  every object
/// DATA-ROOT/base                                     the lowest layer of every container
/// DATA-ROOT/volumes/                                 see Tare.Volumes.VolumeDirectories
/// DATA-ROOT/containers/ID/{fs,work}                  a container's overlay directories
/// DATA-ROOT/containers/ID/log/                       its output
/// DATA-ROOT/containers/ID/{hosts,hostname,resolv.conf}
/// </code>
/// A directory under containers/ whose container is not in the database is left from a crash, and is removed at the next start.
/// </summary>
internal sealed record EnginePaths(string DataRoot)
{
    public string Database => Path.Combine(DataRoot, "tare.db");

    public string BaseLayer => Path.Combine(DataRoot, "base");

    public string Containers => Path.Combine(DataRoot, "containers");

    public string Container(string id) => Path.Combine(Containers, id);

    public string Log(string id) => Path.Combine(Container(id), "log");
}
