using System.Threading.Channels;
using Tare.Distribution;
using Tare.Engine.Events;
using Tare.Errors;
using Tare.Images;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Images from and to registries.</summary>
public sealed class TransferService
{
    private readonly ImageStore store;
    private readonly RegistryClient registries;
    private readonly EventLog events;

    internal TransferService(ImageStore store, RegistryClient registries, EventLog events)
    {
        this.store = store;
        this.registries = registries;
        this.events = events;
    }

    /// <summary>Fetches an image, or with neither tag nor digest all of a repository.</summary>
    /// <param name="repository">The name, as the user wrote it, with or without tag or digest.</param>
    /// <param name="tag">Its tag or digest, or empty.</param>
    /// <param name="platform">os/architecture[/variant], or empty for the host's.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="progress">Receives each message, one after the other.</param>
    /// <param name="cancellationToken">Ends the pull.</param>
    /// <exception cref="TareException">NotFound, Forbidden, Unauthorized: what the registry says; InvalidArgument: the name is malformed; Unavailable: it is not reached.</exception>
    public Task PullAsync(string repository, string tag, string platform, Credentials credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        var name = NameOf(repository, tag);
        var wanted = ImageNames.Platform(platform);
        return ProgressStream.RunAsync((messages, ending) => PullAsync(name, wanted, credentials, messages, ending), progress, cancellationToken);
    }

    /// <summary>Sends an image to its registry.</summary>
    /// <param name="repository">The name without a tag.</param>
    /// <param name="tag">The tag, or empty for all tags of the name.</param>
    /// <param name="platform">The one platform to send, or empty.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="progress">Receives each message, one after the other.</param>
    /// <param name="cancellationToken">Ends the push.</param>
    public Task PushAsync(string repository, string tag, string platform, Credentials credentials, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        var name = NameOf(repository, tag);
        if (!name.Digest.IsEmpty) throw TareException.Invalid("cannot push a digest reference");
        var wanted = ImageNames.Platform(platform);
        return ProgressStream.RunAsync((messages, ending) => PushAsync(name, wanted, credentials, messages, ending), progress, cancellationToken);
    }

    private async Task PullAsync(Reference name, OciPlatform? platform, Credentials credentials, ChannelWriter<ProgressMessage> messages, CancellationToken cancellationToken)
    {
        var client = registries.Open(name, credentials, RepositoryAccess.Pull);
        var isNew = false;
        Image? image = null;
        if (!name.IsNameOnly)
        {
            (image, isNew) = await PullOneAsync(client, name, platform, credentials, messages, cancellationToken);
        }
        else
        {
            await foreach (var tag in client.ListTagsAsync(cancellationToken))
                isNew |= (await PullOneAsync(client, name.WithTag(tag), platform, credentials, messages, cancellationToken)).IsNew;
        }

        messages.TryWrite(new ProgressMessage { Status = $"Status: {(isNew ? "Downloaded newer image" : "Image is up to date")} for {name.FamiliarString}" });
        if (platform is not null && image is not null && !Platforms.Matches(platform, Platforms.Of(image.Config)))
        {
            messages.TryWrite(new ProgressMessage
            {
                Status = $"WARNING: image with reference {name.FamiliarString} was found but its platform ({PlatformSpecifier.Format(Platforms.Of(image.Config))}) does not match the specified platform ({PlatformSpecifier.Format(platform)})",
            });
        }

        Publish(EventAction.Pull, name, image);
    }

    private async Task<(Image Image, bool IsNew)> PullOneAsync(
        RepositoryClient client, Reference name, OciPlatform? platform, Credentials credentials, ChannelWriter<ProgressMessage> messages, CancellationToken cancellationToken)
    {
        var result = await store.PullAsync(client, credentials, name, platform, new PullProgress(messages, name), cancellationToken);
        messages.TryWrite(new ProgressMessage { Status = $"Digest: {result.Digest}" });
        return (result.Image, result.IsNew);
    }

    private async Task PushAsync(Reference name, OciPlatform? platform, Credentials credentials, ChannelWriter<ProgressMessage> messages, CancellationToken cancellationToken)
    {
        messages.TryWrite(new ProgressMessage { Status = $"The push refers to repository [{name.Name}]" });
        var tags = name.IsNameOnly
            ? store.List().SelectMany(image => image.Tags).Where(tag => tag.Name == name.Name).OrderBy(tag => tag.Tag, StringComparer.Ordinal).ToList()
            : store.Find(name.ToString()) is null ? [] : [name];
        if (tags.Count == 0) throw TareException.NotFound($"An image does not exist locally with the tag: {name.FamiliarName}");
        var client = registries.Open(name, credentials, RepositoryAccess.PullAndPush);
        try
        {
            foreach (var tag in tags) await store.PushAsync(client, tag, platform, new PushProgress(messages), cancellationToken);
        }
        catch (RegistryException e) when (e.Status == 401 && e.InnerException is RegistryException)
        {
            // Of a push Docker does not say which request it was that wanted a login.
            throw new TareException(e.Kind, e.InnerException!.Message, e);
        }

        Publish(EventAction.Push, name, store.Find(tags[0].ToString()));
    }

    private void Publish(string action, Reference name, Image? image)
    {
        var attributes = new Dictionary<string, string>(image?.Config.Config?.Labels ?? new Dictionary<string, string>()) { ["name"] = name.FamiliarName };
        events.Publish(EventType.Image, action, name.FamiliarString, attributes);
    }

    private static Reference NameOf(string repository, string tag)
    {
        var name = Reference.Parse(repository);
        if (tag.Length == 0) return name;
        name = name.WithoutTagAndDigest();
        return Digest.TryParse(tag, out var digest) ? name.WithDigest(digest) : name.WithTag(tag);
    }
}
