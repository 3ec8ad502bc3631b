using System.Globalization;
using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness.Networks;

/// <summary>Base of the cases about networks: networks of the case alone, containers that do nothing or serve, questions from within.</summary>
public abstract class NetworkCases(EngineFixture engine) : EngineTests(engine)
{
    /// <summary>Stops at once when told.</summary>
    internal const string Idling = "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done";

    private readonly List<string> networks = [];

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        List<string> left = [];
        foreach (string network in networks)
        {
            (int status, string body) = await Api.SendAsync(HttpMethod.Delete, "networks/" + network);
            if (status is not (204 or 404))
                left.Add($"{network}: {status} {body}");
        }
        GC.SuppressFinalize(this);
        Assert.True(left.Count == 0, "networks of the case that cannot be removed: " + string.Join("; ", left));
    }

    /// <summary>A name for a network, which is removed after the case.</summary>
    internal string NetworkName()
    {
        string name = Name();
        networks.Add(name);
        return name;
    }

    /// <summary>Makes a network.</summary>
    internal async Task<string> Network(string client, params string[] options)
    {
        string name = NetworkName();
        await Ok(client, ["network", "create", .. options, name]);
        return name;
    }

    /// <summary>A running container that does nothing, on the networks of its options.</summary>
    internal async Task<string> Up(string client, params string[] options)
    {
        string name = Name();
        await Ok(client, ["run", "-d", "--name", name, .. options, Image, "sh", "-c", Idling]);
        return name;
    }

    /// <summary>A running web server at the ports: its page is its host's name, cgi-bin/who answers with the client's address.</summary>
    internal async Task<string> Web(string client, int[] ports, params string[] options)
    {
        string name = Name();
        string servers = string.Join("; ", ports.Select(port => $"httpd -h /www -p {port}"));
        string script = $$"""
            mkdir -p /www/cgi-bin; hostname >/www/index.html
            printf '#!/bin/sh\necho Content-Type: text/plain; echo; echo "$REMOTE_ADDR"\n' >/www/cgi-bin/who; chmod +x /www/cgi-bin/who
            {{servers}}
            touch /ready; {{Idling}}
            """;
        await Ok(client, ["run", "-d", "--name", name, "--hostname", name, .. options, Image, "sh", "-c", script]);
        await Eventually.EqualAsync(0, async () => (await Run(client, "exec", name, "test", "-e", "/ready")).Code);
        return name;
    }

    internal Task<Result> Exec(string client, string container, string script) => Run(client, "exec", container, "sh", "-c", script);

    internal async Task<string> Within(string client, string container, string script) => (await Exec(client, container, script)).Ok().Text;

    /// <summary>What a container gets from a web server, or null when nobody answers within 2 s.</summary>
    internal async Task<string?> Page(string client, string container, string address, string path = "")
    {
        // Not wget's own -T: that of some builds crashes, which would look as if nobody had answered.
        Result result = await Exec(client, container, $"timeout 2 wget -q -O - 'http://{address}/{path}'");
        Assert.True(result.Code is 0 or 1 or 143, result.ToString());
        return result.Code == 0 ? WithoutMapping(result.Text) : null;
    }

    /// <summary>An address of IPv4 as a server for both families shows it.</summary>
    internal static string WithoutMapping(string text) => text.Replace("[::ffff:", "", StringComparison.Ordinal).TrimEnd(']');

    internal async Task<JsonNode> InspectNetwork(string client, string network) =>
        ((JsonArray)JsonNode.Parse(await Ok(client, "network", "inspect", network))!)[0]!;

    internal async Task<JsonNode> InspectContainer(string client, string container) =>
        ((JsonArray)JsonNode.Parse(await Ok(client, "inspect", container))!)[0]!;

    /// <summary>A container's IPv4 address on a network; its first one when none is named.</summary>
    internal async Task<string> AddressOf(string client, string container, string network) =>
        (string)(await InspectContainer(client, container))["NetworkSettings"]!["Networks"]![network]!["IPAddress"]!;

    internal async Task<int> PortOf(string client, string container, string port)
    {
        string line = (await Run(client, "port", container, port)).Ok().Lines[0];
        return int.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>What the client says to standard error when the engine refuses.</summary>
    internal async Task Refused(string client, string message, params string[] arguments) =>
        Assert.Equal(message + "\n", WithoutStatus((await Run(client, arguments)).Expect(1).Err));

    /// <summary>Some builds of the stock client add the exit code of `network rm` to its messages.</summary>
    internal static string WithoutStatus(string error) => error.Replace("exit status 1\n", "", StringComparison.Ordinal);
}
