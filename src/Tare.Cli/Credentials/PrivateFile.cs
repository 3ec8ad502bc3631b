using System.Globalization;
using System.Security.Cryptography;
using Tare.Cli.Commands;

namespace Tare.Cli.Credentials;

/// <summary>Replaces files that others must not read, whole or not at all.</summary>
internal static class PrivateFile
{
    private const int MostLinks = 40;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Gives a file a new content by rename. A link is followed, also one to nothing. What exists keeps its mode and owner; what is new
    /// is for its owner alone, as is the folder that is made for it.
    /// </summary>
    /// <exception cref="CommandException">It could not be written.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var target = Follow(path);
        var folder = Path.GetDirectoryName(target)!;
        var temporary = $"{target}{RandomNumberGenerator.GetInt32(int.MaxValue).ToString(CultureInfo.InvariantCulture)}";
        var made = false;
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly, BufferSize = 0 }))
            {
                made = true;
                file.Write(content);
                // Without it a crash may leave an empty file under the old name.
                file.Flush(flushToDisk: true);
            }

            if (File.Exists(target)) CopyPermissions(target, temporary);
            File.Move(temporary, target, overwrite: true);
            made = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HostFiles.Failed("write", target, e);
        }
        finally
        {
            if (made) File.Delete(temporary);
        }
    }

    /// <summary>The file behind links; its folder may be missing.</summary>
    private static string Follow(string path)
    {
        var target = Path.GetFullPath(path);
        for (var i = 0; new FileInfo(target).LinkTarget is { } link; i++)
        {
            if (i == MostLinks) throw new CommandException($"write {path}: too many levels of symbolic links");
            target = Path.GetFullPath(link, Path.GetDirectoryName(target)!);
        }

        return target;
    }

    /// <summary>As far as they can be copied: only root may give a file away.</summary>
    private static void CopyPermissions(string from, string to)
    {
        try
        {
            File.SetUnixFileMode(to, File.GetUnixFileMode(from));
            Linux.FileOwners.Copy(from, to);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The new file is for its owner alone, which is safe.
        }
    }
}
