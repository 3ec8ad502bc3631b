using System.Net;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;
using Tare.Client;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>Makes a container from the options of <c>run</c> or <c>create</c>, and fetches its image if need be.</summary>
internal sealed class Creator(Session session, ContainerFlags flags, string verb)
{
    /// <summary>Docker's exit code for what went wrong before the container ran.</summary>
    public const int Failed = 125;

    /// <exception cref="CommandException">An option makes no sense.</exception>
    public ContainerCreateRequest Build(string image, IReadOnlyList<string> command)
    {
        if (flags.Pull.Value is not ("always" or "missing" or "never" or ""))
            throw WithHelp($"invalid pull option: '{flags.Pull.Value}': must be one of \"always\", \"missing\" or \"never\"", Failed);
        try
        {
            return ContainerRequest.Build(flags, image, command, set => session.Config.Proxies(session.Client.Address.ToString(), set));
        }
        catch (CommandException e)
        {
            throw WithHelp(e.Message, Failed);
        }
    }

    /// <summary>Makes the container, tells the engine's warnings, and writes the file of its id.</summary>
    public async ValueTask<string> CreateAsync(ContainerCreateRequest request)
    {
        using var file = CidFile.Create(flags.CidFile.Value);
        var (reference, _) = Reference.ParseAny(request.Image);
        if (reference is { Digest.IsEmpty: true }) ContentTrust.Check(flags.Untrusted);
        if (flags.Pull.Value == "always") await PullAsync(request.Image);
        request.HostConfig!.ConsoleSize = session.Out.Size is var (rows, columns) ? [rows, columns] : null!;
        ContainerCreateResponse created;
        try
        {
            created = await SendAsync(request);
        }
        catch (EngineException e) when (e.Status == 404 && reference is not null && flags.Pull.Value is "missing" && !IsOfMount(e, request, reference))
        {
            if (!flags.Quiet.Value)
            {
                session.Error.WriteLine($"Unable to find image '{reference.WithDefaultTag().FamiliarString}' locally");
                session.Error.Flush();
            }

            await PullAsync(request.Image);
            created = await SendAsync(request);
        }

        foreach (var warning in created.Warnings) session.Error.WriteLine("WARNING: " + warning);
        foreach (var server in request.HostConfig.Dns ?? [])
        {
            if (!IPAddress.TryParse(server, out var address) || !IPAddress.IsLoopback(address)) continue;
            session.Error.WriteLine($"WARNING: Localhost DNS ({server}) may fail in containers.");
            break;
        }

        session.Error.Flush();
        file?.Write(created.Id);
        return created.Id;
    }

    /// <summary>An error with Docker's hint at the help behind it.</summary>
    public CommandException WithHelp(string message, int code) => new($"{session.Program}: {message}\n\nRun '{session.Program} {verb} --help' for more information", code);

    /// <summary>Whether it is an image to be mounted that is missing: that is not fetched, and the container's own is there.</summary>
    private static bool IsOfMount(EngineException missing, ContainerCreateRequest request, Reference own) =>
        (request.HostConfig?.Mounts ?? []).Where(mount => mount.Type == "image").Select(mount => Reference.ParseAny(mount.Source ?? "").Reference?.WithDefaultTag().FamiliarString ?? mount.Source)
            .Any(name => name != own.WithDefaultTag().FamiliarString && missing.Message == $"No such image: {name}");

    private ValueTask<ContainerCreateResponse> SendAsync(ContainerCreateRequest request)
        => session.Client.Containers.CreateAsync(request, flags.Name.Value, flags.Platform.Value);

    /// <summary>All that is said of it goes to standard error: standard output is the container's.</summary>
    private async ValueTask PullAsync(string image)
    {
        var reference = Reference.Parse(image).WithDefaultTag();
        var messages = session.Client.Images.PullAsync(
            reference.Name, reference.TagOrDigest, flags.Platform.Value, session.Credentials.HeaderFor(reference));
        await new ProgressDisplay(session.Error) { Quiet = flags.Quiet.Value }.ShowAsync(messages);
    }
}
