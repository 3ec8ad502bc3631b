namespace Tare.Cli.Commands;

/// <summary>Files of the user, with errors as Docker words them: <c>open NAME: no such file or directory</c>.</summary>
internal static class HostFiles
{
    /// <exception cref="CommandException">It cannot be read.</exception>
    public static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed("open", path, e);
        }
    }

    /// <exception cref="CommandException">It cannot be opened.</exception>
    public static FileStream OpenRead(string path)
    {
        try
        {
            // Large reads go straight to the caller's buffer.
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed("open", path, e);
        }
    }

    public static CommandException Failed(string operation, string path, Exception cause) => new($"{operation} {path}: {Reason(path, cause)}");

    private static string Reason(string path, Exception cause) => cause switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file or directory",
        UnauthorizedAccessException when Directory.Exists(path) => "is a directory",
        UnauthorizedAccessException => "permission denied",
        PathTooLongException => "file name too long",
        _ => cause.Message,
    };
}
