using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tare.Errors;

namespace Tare.Distribution.Transport;

/// <summary>The certificates that somebody has put down for one registry (Docker's <c>certs.d</c>).</summary>
/// <param name="Authorities">Whom to trust beyond the system's authorities: <c>*.crt</c>.</param>
/// <param name="ClientCertificates">What to show if the registry asks: <c>*.cert</c> with <c>*.key</c>.</param>
internal sealed record HostCertificates(X509Certificate2Collection Authorities, X509Certificate2Collection ClientCertificates)
{
    private const int MaxFile = 1024 * 1024;

    /// <summary>What the folders of a host are like now: when it changes, the certificates are read again. Empty: there are none.</summary>
    internal static string Stamp(IReadOnlyList<string> directories, string host)
    {
        var stamp = "";
        foreach (var file in Files(directories, host)) stamp += $"{file.FullName}:{file.Length}:{file.LastWriteTimeUtc.Ticks};";
        return stamp;
    }

    /// <summary>Reads the folders of a host.</summary>
    /// <exception cref="TareException">A key is missing, or a file is none of what its name says.</exception>
    internal static HostCertificates Read(IReadOnlyList<string> directories, string host)
    {
        var read = new HostCertificates([], []);
        foreach (var file in Files(directories, host))
        {
            switch (file.Extension)
            {
                case ".crt":
                    AddAuthorities(read.Authorities, file);
                    break;
                case ".cert":
                    read.ClientCertificates.Add(ReadPair(file));
                    break;
                case ".key" when !File.Exists(Path.ChangeExtension(file.FullName, ".cert")):
                    throw TareException.Invalid($"missing client certificate {Path.ChangeExtension(file.Name, ".cert")} for key {file.Name}");
            }
        }

        return read;
    }

    private static List<FileInfo> Files(IReadOnlyList<string> directories, string host)
    {
        var files = new List<FileInfo>();
        foreach (var directory in directories)
        {
            try
            {
                var folder = new DirectoryInfo(Path.Combine(directory, host));
                if (folder.Exists) files.AddRange(folder.EnumerateFiles().Where(file => file.Extension is ".crt" or ".cert" or ".key"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw TareException.Invalid($"cannot read the certificates of {host} in {directory}: {e.Message}", e);
            }
        }

        files.Sort((a, b) => string.CompareOrdinal(a.FullName, b.FullName));
        return files;
    }

    private static void AddAuthorities(X509Certificate2Collection authorities, FileInfo file)
    {
        try
        {
            authorities.ImportFromPem(Text(file));
        }
        catch (CryptographicException e)
        {
            throw TareException.Invalid($"{file.FullName} is no PEM certificate: {e.Message}", e);
        }
    }

    private static X509Certificate2 ReadPair(FileInfo certificate)
    {
        var key = new FileInfo(Path.ChangeExtension(certificate.FullName, ".key"));
        if (!key.Exists)
        {
            throw TareException.Invalid(
                $"missing key {key.Name} for client certificate {certificate.Name}. CA certificates must use the extension .crt");
        }

        try
        {
            return X509Certificate2.CreateFromPem(Text(certificate), Text(key));
        }
        catch (CryptographicException e)
        {
            throw TareException.Invalid($"{certificate.FullName} and {key.FullName} are not a PEM certificate and its key: {e.Message}", e);
        }
    }

    private static string Text(FileInfo file)
    {
        if (file.Length > MaxFile) throw TareException.Invalid($"{file.FullName} is too large for a certificate");
        try
        {
            return File.ReadAllText(file.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Invalid($"cannot read {file.FullName}: {e.Message}", e);
        }
    }
}
