using Tare.Cli.Commands;
using Tare.Cli.Formatting;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Cli.Verbs;

/// <summary>tare tag: gives an image a further name.</summary>
internal sealed class TagVerb : Verb
{
    public TagVerb()
        : base("SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image a further name", ArgumentCount.Exactly(2))
    {
        Aliases = "image tag, tag";
        Flags.Interspersed = false;
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        Read(arguments[0], text => Reference.ParseAny(text).Reference);
        var target = Read(arguments[1], Reference.Parse)!;
        if (!target.Digest.IsEmpty) throw new CommandException("refusing to create a tag with a digest reference");
        await session.Client.Images.TagAsync(arguments[0], target.Name, target.WithDefaultTag().Tag);
        return 0;
    }

    private static Reference? Read(string text, Func<string, Reference?> parse)
    {
        try
        {
            return parse(text);
        }
        catch (TareException e)
        {
            throw new CommandException($"Error parsing reference: {GoText.Quote(text)} is not a valid repository/tag: {e.Message}");
        }
    }
}
