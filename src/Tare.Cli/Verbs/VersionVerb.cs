using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Templates;

namespace Tare.Cli.Verbs;

/// <summary>tare version: tells the versions of this program and of the engine.</summary>
internal sealed class VersionVerb : Verb
{
    private const int BadFormat = 64;
    private const int ColumnWidth = 20;

    private const string ClientShape =
        """
        system.clientVersion: Platform:*system.platformInfo? Version:s? APIVersion=ApiVersion:s? DefaultAPIVersion:s? GitCommit:s? GoVersion:s? Os:s? Arch:s? BuildTime:s? Context:s
        system.platformInfo: Name:s?
        """;

    private readonly TextFlag _format;

    public VersionVerb()
        : base("[OPTIONS]", "Show the versions of the client and the engine", ArgumentCount.None)
    {
        _format = Flags.Text("format", InspectVerb.FormatUsage, 'f');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        Template? template = null;
        if (_format.Value.Length > 0)
        {
            try
            {
                template = Template.Parse(_format.Value == "json" ? "{{json .}}" : _format.Value, "version", name => name == "getDetailsOrder");
            }
            catch (TemplateException e)
            {
                throw new CommandException($"template parsing error: {e.Message}", BadFormat);
            }
        }

        JsonDocument? server = null;
        CommandException? failure = null;
        try
        {
            server = Complete(await session.Client.System.VersionJsonAsync());
        }
        catch (Exception e) when (CommandException.IsExpected(e))
        {
            // The client's part is shown all the same.
            failure = new CommandException(CommandException.Describe(e));
        }

        using (server)
        {
            var text = new StringBuilder();
            try
            {
                if (template is null) Describe(text, session, server?.RootElement);
                else template.Execute(text, Data(session, server?.RootElement));
            }
            catch (TemplateException e)
            {
                failure ??= new CommandException(e.Message);
            }

            var table = new StringBuilder();
            TabWriter.Align(table, text.Append('\n').ToString(), ColumnWidth, 1);
            session.Out.Write(table.ToString());
        }

        return failure is null ? 0 : throw failure;
    }

    private static void Describe(StringBuilder text, Session session, JsonElement? server)
    {
        var api = session.Client.ApiVersion;
        var downgraded = server is not null && api != Session.PreferredApiVersion ? $" (downgraded from {Session.PreferredApiVersion})" : "";
        text.Append($"Client:\n Version:\t{BuildInfo.Version}\n API version:\t{api}{downgraded}\n Runtime:\t{System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}\n");
        text.Append($" Git commit:\t{BuildInfo.Commit}\n Built:\t{ClientFacts.Reformat(BuildInfo.Time)}\n OS/Arch:\tlinux/{ClientFacts.Architecture}\n Context:\tdefault");
        if (server is not { } s) return;
        var platform = s.Member("Platform").Text("Name");
        text.Append("\n\nServer:").Append(platform.Length > 0 ? " " + platform : "");
        foreach (var component in s.Items("Components")) DescribeComponent(text, component);
    }

    /// <summary>The engine as one of the parts, though it names none; and its time of build for people.</summary>
    private static JsonDocument Complete(ReadOnlyMemory<byte> json)
    {
        var root = System.Text.Json.Nodes.JsonNode.Parse(json.Span)!.AsObject();
        if (root["Components"] is not JsonArray components) root["Components"] = components = [];
        var engine = components.FirstOrDefault(component => (string?)component?["Name"] == "Engine");
        if (engine is null)
        {
            var details = new JsonObject();
            foreach (var name in new[] { "ApiVersion", "MinAPIVersion", "GitCommit", "GoVersion", "Os", "Arch", "BuildTime" }) details[name] = (string?)root[name] ?? "";
            details["Experimental"] = (bool?)root["Experimental"] == true ? "true" : "false";
            engine = new JsonObject { ["Name"] = "Engine", ["Version"] = (string?)root["Version"], ["Details"] = details };
            components.Add(engine);
        }

        if (engine["Details"] is JsonObject facts && (string?)facts["BuildTime"] is { } time) facts["BuildTime"] = ClientFacts.Reformat(time);
        return JsonDocument.Parse(root.ToJsonString());
    }

    private static void DescribeComponent(StringBuilder text, JsonElement component)
    {
        var name = component.Text("Name");
        var details = component.Member("Details");
        if (name == "Engine")
        {
            DescribeEngine(text, name, component.Text("Version"), detail => details.Text(detail));
            return;
        }

        text.Append($"\n {name}:\n  Version:\t{component.Text("Version")}");
        if (details.ValueKind != JsonValueKind.Object) return;
        foreach (var detail in details.EnumerateObject().OrderBy(detail => detail.Name, StringComparer.Ordinal)) text.Append($"\n  {detail.Name}:\t{detail.Value.GetString()}");
    }

    private static void DescribeEngine(StringBuilder text, string name, string version, Func<string, string> detail)
    {
        text.Append($"\n {name}:\n  Version:\t{version}\n  API version:\t{detail("ApiVersion")} (minimum version {detail("MinAPIVersion")})");
        text.Append($"\n  Go version:\t{detail("GoVersion")}\n  Git commit:\t{detail("GitCommit")}\n  Built:\t{ClientFacts.Reformat(detail("BuildTime"))}");
        text.Append($"\n  OS/Arch:\t{detail("Os")}/{detail("Arch")}\n  Experimental:\t{detail("Experimental")}");
    }

    /// <summary>What a template sees: Docker's struct of a client and a server.</summary>
    private static Both Data(Session session, JsonElement? server)
    {
        var client = new StringBuilder("{");
        new ClientFacts(session).AppendMembers(client, withApi: true);
        using var document = JsonDocument.Parse(client.Append('}').ToString());
        var shape = Shape.Parse(ClientShape)["system.clientVersion"];
        return new Both(shape.Of(document.RootElement.Clone()), server is { } s ? DockerShapes.Version.Of(s, isPointer: true) : new GoNil("types.Version", NilKind.Pointer));
    }

    private sealed class Both(object client, object server) : GoStruct
    {
        public override string TypeName => "system.versionInfo";

        public override IEnumerable<KeyValuePair<string, object?>> Fields => [new("Client", client), new("Server", server)];

        public override bool TryGet(string name, out object? value)
        {
            value = name switch
            {
                "Client" => client,
                "Server" => server,
                _ => null,
            };
            return value is not null;
        }
    }
}
