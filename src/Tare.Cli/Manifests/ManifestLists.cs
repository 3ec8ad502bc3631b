using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;
using Tare.Distribution;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Cli.Manifests;

/// <summary>
/// The manifest lists that a user is putting together: a folder for each list and a file for each manifest, beside config.json, as the docker
/// CLI has them, so that what one client has begun the other goes on with.
/// </summary>
/// <param name="configDirectory">The folder of config.json.</param>
internal sealed class ManifestLists(string configDirectory)
{
    private readonly string _root = Path.Combine(configDirectory, "manifests");

    public bool Exists(Reference list) => Directory.Exists(FolderOf(list));

    /// <summary>A manifest of a list; <see langword="null"/> when it has no such one.</summary>
    public PlatformManifest? Find(Reference list, Reference image)
    {
        var file = FileOf(list, image);
        return File.Exists(file) ? Read(file) : null;
    }

    /// <summary>The manifests of a list, in the order of their names.</summary>
    /// <exception cref="CommandException">There is no such list.</exception>
    public IReadOnlyList<PlatformManifest> Get(Reference list) =>
        Exists(list) ? [.. Directory.GetFiles(FolderOf(list)).Order(StringComparer.Ordinal).Select(Read)] : throw NotFound(list);

    /// <summary>Puts a manifest into a list, or in the place of what the list has under that name.</summary>
    public void Save(Reference list, Reference image, PlatformManifest manifest)
    {
        Directory.CreateDirectory(FolderOf(list));
        var file = FileOf(list, image);
        // Whoever reads the list meanwhile finds the old file or the new one.
        var draft = Path.Combine(_root, $".{Path.GetRandomFileName()}");
        File.WriteAllText(draft, ManifestDocuments.Verbose(manifest));
        File.Move(draft, file, overwrite: true);
    }

    /// <exception cref="CommandException">There is no such list.</exception>
    public void Remove(Reference list)
    {
        if (!Exists(list)) throw NotFound(list);
        Directory.Delete(FolderOf(list), recursive: true);
    }

    /// <summary>A name of a list or of a manifest in one.</summary>
    /// <exception cref="TareException">It is malformed.</exception>
    public static Reference Name(string text) => Reference.Parse(text).WithDefaultTag();

    /// <summary>As the other; what is wrong with it is told of the object that it was to name.</summary>
    /// <param name="text">The name.</param>
    /// <param name="what">What comes before the name in the message.</param>
    /// <exception cref="CommandException">It is malformed.</exception>
    public static Reference Name(string text, string what)
    {
        try
        {
            return Name(text);
        }
        catch (TareException e)
        {
            throw new CommandException($"{what} {text}: {e.Message}");
        }
    }

    public static CommandException NotFound(Reference reference) => new($"No such manifest: {reference}");

    private static PlatformManifest Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = document.RootElement;
            var descriptor = root.Member("Descriptor");
            var raw = Convert.FromBase64String(root.Text("Raw"));
            var digest = Digest.Parse(descriptor.Text("digest"));
            if (Digest.Of(raw) != digest) throw new CommandException($"the manifest in {file} is damaged, or an old client has written it: create the list again");
            return new PlatformManifest(
                Reference.Parse(root.Text("Ref")), new RemoteManifest(descriptor.Text("mediaType"), digest, raw), ManifestDocuments.Platform(descriptor.Member("platform")));
        }
        catch (Exception e) when (e is JsonException or FormatException or TareException)
        {
            throw new CommandException($"the manifest in {file} cannot be read ({e.Message}): create the list again");
        }
    }

    private string FolderOf(Reference list) => Path.Combine(_root, Safe(list));

    private string FileOf(Reference list, Reference image) => Path.Combine(FolderOf(list), Safe(image));

    private static string Safe(Reference reference) => reference.ToString().Replace(':', '-').Replace('/', '_');
}
