using System.Text;
using System.Text.Json.Serialization.Metadata;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Images.Loading;

/// <summary>What an image archive held, by cleaned path.</summary>
internal sealed class ArchiveContents
{
    /// <summary>How many links lead to a file at most: the oldest savers linked a layer to its twin.</summary>
    private const int MaxLinks = 8;

    private readonly Dictionary<string, ArchiveFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);

    internal void Add(string path, ArchiveFile file) => _files[path] = file;

    /// <summary>Adds a link.</summary>
    /// <param name="path">Where it stands.</param>
    /// <param name="target">Where it leads, from the archive's root.</param>
    internal void AddLink(string path, string target) => _links[path] = target;

    /// <summary>The file at a path.</summary>
    internal ArchiveFile? Find(string path)
    {
        path = Clean(path);
        for (var i = 0; i < MaxLinks; i++)
        {
            if (_files.TryGetValue(path, out var file)) return file;
            if (!_links.TryGetValue(path, out var target)) return null;
            path = target;
        }

        return null;
    }

    /// <summary>Whether an OCI layout has a blob.</summary>
    internal bool Has(string digestText) => Digest.Parse(digestText) is var digest && Find($"blobs/{digest.Algorithm}/{digest.Hex}") is not null;

    /// <summary>A blob of an OCI layout, held against its descriptor's size.</summary>
    /// <exception cref="TareException">It is not there, or has another size.</exception>
    internal T Blob<T>(string digestText, long size, string what)
        where T : ArchiveFile
    {
        var digest = Digest.Parse(digestText);
        var file = Find($"blobs/{digest.Algorithm}/{digest.Hex}") ?? throw TareException.Invalid($"the archive lacks {what} {digest}");
        if (file.Size != size) throw TareException.Invalid($"{what} {digest} has {file.Size} bytes where its descriptor says {size}; the archive is damaged");
        return file as T ?? throw TareException.Invalid($"{what} {digest} of the archive is something else");
    }

    /// <summary>A file that must be there and small.</summary>
    /// <exception cref="TareException">It is not there, or something else.</exception>
    internal ArchiveDocument Document(string path, string what) =>
        Find(path) switch
        {
            ArchiveDocument document => document,
            null => throw TareException.Invalid($"the archive lacks {what} \"{path}\""),
            _ => throw TareException.Invalid($"{what} \"{path}\" of the archive is something else"),
        };

    /// <summary>Reads JSON.</summary>
    /// <exception cref="TareException">It is malformed.</exception>
    internal static T Json<T>(ArchiveDocument document, JsonTypeInfo<T> type, string what)
        where T : class => Documents.Parse(document.Content, type, $"{what} of the archive");

    /// <summary>A path without empty, <c>.</c> and <c>..</c> parts, from the archive's root, which <c>..</c> does not leave.</summary>
    internal static string Clean(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".") continue;
            if (part != "..") parts.Add(part);
            else if (parts.Count > 0) parts.RemoveAt(parts.Count - 1);
        }

        return string.Join('/', parts);
    }

    internal static string Clean(ReadOnlySpan<byte> path) => Clean(Encoding.UTF8.GetString(path));
}
