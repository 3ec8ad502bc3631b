using System.Globalization;
using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Templates;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare info: tells what the engine is and has.</summary>
internal sealed class InfoVerb : Verb
{
    private const int BadFormat = 64;

    private readonly TextFlag _format;

    public InfoVerb()
        : base("[OPTIONS]", "Show what the engine is and has", ArgumentCount.None)
    {
        Aliases = "system info, info";
        _format = Flags.Text("format", InspectVerb.FormatUsage, 'f');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var format = _format.Value;
        Template? template = null;
        if (format.Length > 0)
        {
            try
            {
                template = Template.Parse(format == "json" ? "{{json .}}" : format);
            }
            catch (TemplateException e)
            {
                throw new CommandException($"template parsing error: {e.Message}", BadFormat);
            }
        }

        JsonDocument? server = null;
        CommandException? failure = null;
        var serverError = "";
        try
        {
            server = JsonDocument.Parse(await session.Client.System.InfoJsonAsync());
        }
        catch (EngineException e)
        {
            serverError = CommandException.Describe(e);
        }
        catch (Exception e) when (CommandException.IsExpected(e))
        {
            failure = new CommandException(CommandException.Describe(e));
        }

        using (server)
        {
            if (template is null) Print(session, server?.RootElement, serverError);
            else Execute(session, template, server?.RootElement, serverError, ref failure);
        }

        if (template is null && serverError.Length > 0) failure ??= new CommandException("errors pretty printing info");
        return failure is null ? 0 : throw failure;
    }

    private static void Execute(Session session, Template template, JsonElement? server, string serverError, ref CommandException? failure)
    {
        var text = new StringBuilder("{");
        if (server is { } s) text.Append(s.GetRawText().AsSpan().Trim()[1..^1]).Append(',');
        if (serverError.Length > 0)
        {
            session.Error.WriteLine(serverError);
            text.Append("\"ServerErrors\":[");
            GoJson.AppendString(text, serverError);
            text.Append("],");
        }

        text.Append("\"ClientInfo\":{\"Debug\":").Append(session.Options.Debug ? "true" : "false").Append(',');
        new ClientFacts(session).AppendMembers(text, withApi: false);
        text.Append(",\"Plugins\":[],\"Warnings\":null}}");
        using var document = JsonDocument.Parse(text.ToString());
        var result = new StringBuilder();
        try
        {
            template.Execute(result, new InfoData(document.RootElement));
        }
        catch (TemplateException e)
        {
            failure ??= new CommandException(e.Message);
        }

        session.Out.Write(result.Append('\n').ToString());
    }

    private static void Print(Session session, JsonElement? server, string serverError)
    {
        var o = session.Out;
        o.Write($"Client:\n Version:    {BuildInfo.Version}\n Context:    default\n Debug Mode: {(session.Options.Debug ? "true" : "false")}\n\nServer:\n");
        if (server is { } info) PrintServer(session, info);
        o.Flush();
        if (serverError.Length > 0) session.Error.WriteLine("ERROR: " + serverError);
    }

    private static void PrintServer(Session session, JsonElement info)
    {
        var o = session.Out;
        Line(" Containers:", Number("Containers"));
        Line("  Running:", Number("ContainersRunning"));
        Line("  Paused:", Number("ContainersPaused"));
        Line("  Stopped:", Number("ContainersStopped"));
        Line(" Images:", Number("Images"));
        Optional(" Server Version:", "ServerVersion");
        Optional(" Storage Driver:", "Driver");
        foreach (var pair in info.Items("DriverStatus")) o.Write($"  {pair[0].GetString()}: {pair[1].GetString()}\n");
        foreach (var pair in info.Items("SystemStatus")) o.Write($" {pair[0].GetString()}: {pair[1].GetString()}\n");
        Optional(" Logging Driver:", "LoggingDriver");
        Optional(" Cgroup Driver:", "CgroupDriver");
        Optional(" Cgroup Version:", "CgroupVersion");
        o.Write(" Plugins:\n");
        var plugins = info.Member("Plugins");
        Line("  Volume:", string.Join(' ', plugins.Texts("Volume")));
        Line("  Network:", string.Join(' ', plugins.Texts("Network")));
        if (plugins.Texts("Authorization") is { Count: > 0 } authorization) Line("  Authorization:", string.Join(' ', authorization));
        Line("  Log:", string.Join(' ', plugins.Texts("Log")));
        List(" CDI spec directories:", info.Texts("CDISpecDirs"));
        List(" Discovered Devices:", info.Items("DiscoveredDevices").Select(device => $"{device.Text("Source")}: {device.Text("ID")}"));
        Line(" Swarm:", info.Member("Swarm").Text("LocalNodeState"));
        if (info.Members("Runtimes").ToList() is { Count: > 0 } runtimes)
        {
            Line(" Runtimes:", string.Join(' ', runtimes.Select(runtime => runtime.Name)));
            Line(" Default Runtime:", info.Text("DefaultRuntime"));
        }

        if (info.Text("OSType") == "linux") PrintLinux(o, info);
        Optional(" Kernel Version:", "KernelVersion");
        Optional(" Operating System:", "OperatingSystem");
        Optional(" OSType:", "OSType");
        Optional(" Architecture:", "Architecture");
        Line(" CPUs:", Number("NCPU"));
        Line(" Total Memory:", Units.BinarySize(info.Number("MemTotal")));
        Optional(" Name:", "Name");
        Optional(" ID:", "ID");
        Line(" Docker Root Dir:", info.Text("DockerRootDir"));
        Line(" Debug Mode:", Truth("Debug"));
        if (info.Flag("Debug") || session.Options.Debug)
        {
            Line("  File Descriptors:", Number("NFd"));
            Line("  Goroutines:", Number("NGoroutines"));
            Line("  System Time:", info.Text("SystemTime"));
            Line("  EventsListeners:", Number("NEventsListener"));
        }

        Optional(" HTTP Proxy:", "HttpProxy");
        Optional(" HTTPS Proxy:", "HttpsProxy");
        Optional(" No Proxy:", "NoProxy");
        List(" Labels:", info.Texts("Labels"));
        Line(" Experimental:", Truth("ExperimentalBuild"));
        var registry = info.Member("RegistryConfig");
        var insecure = registry.Members("IndexConfigs").Where(index => !index.Value.Flag("Secure")).Select(index => index.Value.Text("Name")).Concat(registry.Texts("InsecureRegistryCIDRs")).ToList();
        if (insecure.Count > 0 || registry.Members("IndexConfigs").Any())
        {
            o.Write(" Insecure Registries:\n");
            foreach (var name in insecure) o.Write($"  {name}\n");
        }

        List(" Registry Mirrors:", registry.Texts("Mirrors"));
        Line(" Live Restore Enabled:", Truth("LiveRestoreEnabled"));
        Optional(" Product License:", "ProductLicense");
        List(" Default Address Pools:", info.Items("DefaultAddressPools").Select(pool => $" Base: {pool.Text("Base")}, Size: {pool.Number("Size")}"));
        o.Write("\n");
        o.Flush();
        foreach (var warning in info.Texts("Warnings")) session.Error.WriteLine(warning);

        string Number(string name) => info.Number(name).ToString(CultureInfo.InvariantCulture);
        string Truth(string name) => info.Flag(name) ? "true" : "false";
        void Line(string label, string value) => o.Write($"{label} {value}\n");
        void Optional(string label, string name)
        {
            if (info.Text(name) is { Length: > 0 } value) Line(label, value);
        }

        void List(string label, IEnumerable<string> values)
        {
            var all = values.ToList();
            if (all.Count == 0) return;
            o.Write(label + "\n");
            foreach (var value in all) o.Write($"  {value}\n");
        }
    }

    private static void PrintLinux(Io.Output o, JsonElement info)
    {
        o.Write($" Init Binary: {info.Text("InitBinary")}\n containerd version: {info.Member("ContainerdCommit").Text("ID")}\n");
        o.Write($" runc version: {info.Member("RuncCommit").Text("ID")}\n init version: {info.Member("InitCommit").Text("ID")}\n");
        var options = info.Texts("SecurityOptions");
        if (options.Count == 0) return;
        o.Write(" Security Options:\n");
        foreach (var option in options)
        {
            var pairs = option.Split(',').Select(pair => pair.Split('=', 2)).ToList();
            o.Write($"  {(pairs[0] is ["name", var name] ? name : option)}\n");
            foreach (var pair in pairs)
            {
                if (pair is ["profile", var profile]) o.Write($"   Profile: {profile}\n");
            }
        }
    }

    /// <summary>What a template sees: Docker's info, with the client's beside it.</summary>
    private sealed class InfoData(JsonElement json) : GoStruct
    {
        private readonly GoStruct _server = DockerShapes.Info.Of(json);

        public override string TypeName => "system.dockerInfo";

        public override IEnumerable<KeyValuePair<string, object?>> Fields => _server.Fields;

        public override bool TryGet(string name, out object? value)
        {
            value = name is "ClientInfo" or "ServerErrors" or "ClientErrors" ? Values.FromUntyped(json.Member(name)) : null;
            return name is "ClientInfo" or "ServerErrors" or "ClientErrors" || _server.TryGet(name, out value);
        }

        public override void AppendJson(StringBuilder target) => GoJson.Append(target, json);
    }
}
