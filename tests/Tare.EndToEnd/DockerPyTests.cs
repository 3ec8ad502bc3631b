using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>docker-py, as a program uses it; the steps are in clients/docker_py_flow.py.</summary>
public sealed class DockerPyTests(EngineFixture engine) : EngineTests(engine)
{
    [Fact]
    public async Task The_flow_of_a_program()
    {
        string script = Path.Combine(AppContext.BaseDirectory, "clients", "docker_py_flow.py");
        Result result = await Running.RunAsync(Setup.Python, [script, Image, Name()], environment: Environment);
        Assert.True(result.Code == 0 && result.Lines.LastOrDefault() == "done", result.ToString());
    }
}
