namespace Tare.EndToEnd.Harness;

/// <summary>
/// Where the parts are. Environment: TARE_TEST_HOST (an engine to test instead of a daemon of our own), TARE_TEST_SHARED
/// (HOSTDIR:ENGINEDIR, one folder as the tests and as that engine see it), TARE_TEST_CLIENTS (docker, tare or both with a comma),
/// TARE_TEST_PYTHON (a python that has docker-py), TARE_TEST_NAMES (clients/names.c, compiled), TARE_TEST_LAUNCHES (length of the stress loop), TARE_TEST_KEEP (keep the
/// daemon's folder after a failure).
/// </summary>
internal static class Setup
{
    /// <summary>The image that nearly every case runs: the distribution's static busybox.</summary>
    public const string Image = "tare-test/busybox:latest";

    public static string? ReferenceHost { get; } = NonEmpty("TARE_TEST_HOST");

    public static bool IsReference => ReferenceHost is not null;

    public static string Repository { get; } = FindRepository();

    public static string Tare { get; } = Path.Combine(Repository, "artifacts", "tare");

    public static string Docker { get; } = Find("docker") ?? throw new InvalidOperationException("no docker client on PATH");

    /// <summary>The program of a client, which is <c>docker</c> or <c>tare</c>.</summary>
    public static string ProgramOf(string client) => client == "docker" ? Docker : Tare;

    public static string Python { get; } = NonEmpty("TARE_TEST_PYTHON") ?? "python3";

    /// <summary>Where <c>clients/names.c</c> has been compiled to; null: nowhere yet.</summary>
    public static string? NamesProgram { get; } = NonEmpty("TARE_TEST_NAMES");

    public static string[] Clients { get; } = ChooseClients();

    public static int Launches { get; } = int.Parse(NonEmpty("TARE_TEST_LAUNCHES") ?? "300");

    public static bool Keep { get; } = NonEmpty("TARE_TEST_KEEP") is not null;

    /// <summary>A folder in the system's temporary folder, and the same folder as the engine under test sees it.</summary>
    public static (string Here, string Engine) NewShared()
    {
        string[] map = (NonEmpty("TARE_TEST_SHARED") ?? $"{Path.GetTempPath()}:{Path.GetTempPath()}").Split(':');
        string name = "tare-e2e-" + Path.GetRandomFileName();
        string here = Path.Combine(map[0], name);
        Directory.CreateDirectory(here);
        return (here, Path.Combine(map[1], name));
    }

    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static string[] ChooseClients()
    {
        string? chosen = NonEmpty("TARE_TEST_CLIENTS");
        if (chosen is not null)
            return chosen.Split(',');
        return File.Exists(Tare) ? ["docker", "tare"] : ["docker"];
    }

    private static string? NonEmpty(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    private static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Tare.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("the tests do not lie below Tare.slnx");
    }
}
