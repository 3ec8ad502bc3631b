using System.Buffers;
using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Templates;
using Tare.Client;
using Tare.Errors;

namespace Tare.Cli.Verbs;

/// <summary>tare inspect: shows everything about containers, images, networks and volumes, as JSON or by a template.</summary>
internal sealed class InspectVerb : Verb
{
    /// <summary>What --format takes, for the help of all such verbs.</summary>
    public const string FormatUsage = "Print by a format: 'json' or 'TEMPLATE', a Go template";

    private const int BadFormat = 64;
    private static readonly string[] Types = ["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

    private readonly string _fixedType;
    private readonly TextFlag _format;
    private readonly SwitchFlag? _size;
    private readonly TextFlag? _type;
    private readonly TextFlag? _platform;
    private readonly SwitchFlag? _verbose;

    private InspectVerb(string usage, string summary, string type)
        : base(usage, summary, ArgumentCount.AtLeast(1))
    {
        _fixedType = type;
        _format = Flags.Text("format", FormatUsage, 'f');
        if (type == "network") _verbose = Flags.Switch("verbose", "Show also what the nodes of a swarm have in the network", 'v');
        if (type is not ("image" or "network" or "volume")) _size = Flags.Switch("size", "Show the sizes of containers", 's');
        if (type == "image") _platform = Flags.Text("platform", "Platform of the image, OS[/ARCHITECTURE[/VARIANT]]");
        if (type.Length == 0) _type = Flags.Text("type", "Look only for objects of this type");
    }

    public static InspectVerb OfAnything() => new("[OPTIONS] NAME|ID [NAME|ID...]", "Show everything about one or more objects", "");

    public static InspectVerb OfContainers() => new("[OPTIONS] CONTAINER [CONTAINER...]", "Show everything about one or more containers", "container");

    public static InspectVerb OfNetworks() => new("[OPTIONS] NETWORK [NETWORK...]", "Show everything about one or more networks", "network");

    public static InspectVerb OfImages() => new("[OPTIONS] IMAGE [IMAGE...]", "Show everything about one or more images", "image");

    public static InspectVerb OfVolumes() => new("[OPTIONS] VOLUME [VOLUME...]", "Show everything about one or more volumes", "volume");

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var type = _type?.Value ?? _fixedType;
        if (_type is { Given: true, Value: "" }) throw new CommandException($"type is empty: must be one of \"{string.Join("\", \"", Types)}\"");
        if (type.Length > 0 && !Types.Contains(type)) throw new CommandException($"unknown type: {GoText.Quote(type)}: must be one of \"{string.Join("\", \"", Types)}\"");
        Template? template = null;
        var format = _format.Value;
        if (format is not ("" or "json"))
        {
            try
            {
                template = Template.Parse(format);
            }
            catch (TemplateException e)
            {
                throw new CommandException($"template parsing error: {e.Message}", BadFormat);
            }
        }

        var errors = new List<string>();
        var found = new List<ReadOnlyMemory<byte>>();
        var printed = new StringBuilder();
        foreach (var name in arguments)
        {
            try
            {
                var (json, shape) = await FindAsync(session, type, name);
                if (template is null) found.Add(json);
                else printed.Append(Execute(template, json, shape)).Append('\n');
            }
            catch (TemplateException e)
            {
                errors.Add($"template parsing error: {e.Message}");
            }
            catch (Exception e) when (CommandException.IsExpected(e) || e is CommandException)
            {
                errors.Add(CommandException.Describe(e));
            }
        }

        if (template is not null) session.Out.Write(printed.Length > 0 ? printed.ToString() : "\n");
        else WriteJson(session, found, indent: format.Length == 0);
        return errors.Count == 0 ? 0 : throw CommandException.Join(errors);
    }

    /// <summary>
    /// A template sees Docker's types first. What they do not have may still be in the document, which is then seen without types.
    /// </summary>
    private static string Execute(Template template, ReadOnlyMemory<byte> json, Shape shape)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return template.Execute(shape.Of(document.RootElement, isPointer: shape == DockerShapes.Container));
        }
        catch (TemplateException)
        {
            return template.With(missingKeyIsError: true).Execute(Values.FromUntyped(document.RootElement));
        }
    }

    private static void WriteJson(Session session, List<ReadOnlyMemory<byte>> found, bool indent)
    {
        var list = new ArrayBufferWriter<byte>();
        list.Write("["u8);
        for (var i = 0; i < found.Count; i++)
        {
            if (i > 0) list.Write(","u8);
            list.Write(found[i].Span);
        }

        list.Write("]"u8);
        var result = new ArrayBufferWriter<byte>(list.WrittenCount * 2);
        GoJson.Reformat(result, list.WrittenSpan, indent);
        result.Write("\n"u8);
        session.Out.WriteThrough(result.WrittenSpan);
    }

    private async ValueTask<(ReadOnlyMemory<byte> Json, Shape Shape)> FindAsync(Session session, string type, string name)
    {
        if (type is "" or "container")
        {
            try
            {
                return (await session.Client.Containers.InspectJsonAsync(name, _size?.Value ?? false), DockerShapes.Container);
            }
            catch (EngineException e) when (type.Length == 0 && MayBeAnother(e))
            {
                // It may be an image.
            }
        }

        if (type is "" or "image")
        {
            try
            {
                var json = await session.Client.Images.InspectJsonAsync(name, _platform?.Value);
                if (_size?.Value == true) session.Error.WriteLine("WARNING: --size ignored for image");
                return (json, DockerShapes.Image);
            }
            catch (EngineException e) when (type.Length == 0 && MayBeAnother(e))
            {
                // It may be a network.
            }
        }

        if (type is "" or "network")
        {
            try
            {
                var json = await session.Client.Networks.InspectJsonAsync(name, _verbose?.Value ?? false);
                if (_size?.Value == true) session.Error.WriteLine("WARNING: --size ignored for network");
                return (json, DockerShapes.Network);
            }
            catch (EngineException e) when (type.Length == 0 && MayBeAnother(e))
            {
                // It may be a volume.
            }
        }

        if (type is "" or "volume")
        {
            try
            {
                var json = await session.Client.Volumes.InspectJsonAsync(name);
                if (_size?.Value == true) session.Error.WriteLine("WARNING: --size ignored for volume");
                return (json, DockerShapes.Volume);
            }
            catch (EngineException e) when (type.Length == 0 && MayBeAnother(e))
            {
                // It is nothing that there is yet.
            }
        }

        throw new CommandException(type.Length == 0 ? $"Error: No such object: {name}" : $"objects of the type {type} are not there yet");
    }

    private static bool MayBeAnother(EngineException e)
        => e.Kind == ErrorKind.NotFound || e.Message.Contains("not supported", StringComparison.Ordinal) || e.Message.Contains("invalid reference format", StringComparison.Ordinal);
}
