namespace Tare.EndToEnd.Harness.Networks;

/// <summary>Base of the cases about names: containers that ask, and servers that answer what the engine does not know.</summary>
public abstract class NameCases(EngineFixture engine) : NetworkCases(engine)
{
    /// <summary>A running container with the program of clients/names.c at /t/names.</summary>
    internal async Task<string> Asking(string client, params string[] options) => await Up(client, ["-v", await ToolsAsync() + ":/t:ro", .. options]);

    /// <summary>A running container that is a DNS server at port 53; what it was asked is in its log.</summary>
    internal async Task<string> Server(string client, string tag, params string[] options)
    {
        string name = Name();
        await Ok(client, ["run", "-d", "--name", name, "-v", await ToolsAsync() + ":/t:ro", .. options, Image, "/t/names", "serve", "0.0.0.0", "53", tag]);
        await Eventually.EqualAsync(true, async () => (await Run(client, "logs", name)).Out.Contains("serving", StringComparison.Ordinal));
        return name;
    }

    /// <summary>A DNS server on the engine's host.</summary>
    internal async Task<Running> HostServer(string address, string tag)
    {
        Running running = EngineHost.Start(await ToolsAsync() + "/names", "serve", address, "53", tag);
        await running.SeeAsync("serving");
        return running;
    }

    /// <summary>Asks one question from a container: the lines of clients/names.c.</summary>
    internal async Task<string[]> Ask(string client, string container, string type, string name, string transport = "udp", string server = "127.0.0.11") =>
        (await Run(client, "exec", container, "/t/names", "ask", server, "53", transport, type, name)).Ok().Lines;

    /// <summary>The folder with the program, as the engine sees it.</summary>
    internal async Task<string> ToolsAsync()
    {
        if (tools is null)
        {
            (string here, string there) = Folder();
            await NamesProgram.AddAsync(here);
            tools = there;
        }
        return tools;
    }

    private string? tools;
}
