using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>What users get wrong: the message on standard error and in the log, the exit code, and nothing left behind.</summary>
public sealed class OciBadInputTests(OciFixture oci) : OciTests(oci)
{
    [OciTheory]
    [InlineData("", "empty")]
    [InlineData("{", "config.json")]
    [InlineData("""{"ociVersion":"1.0.0",}""", "comma")]
    [InlineData("""{"ociVersion":1}""", "ociVersion")]
    [InlineData("""{"ociVersion":"1.0.0","process":"sh"}""", "process")]
    [InlineData("[]", "config.json")]
    [InlineData("null", "config.json")]
    [InlineData("""{"ociVersion":"1.0.0","root":{"path":"rootfs"},"process":{"args":["sh"],"cwd":"/","user":{"uid":-1}}}""", "uid")]
    [InlineData("""{"ociVersion":"1.0.0","root":{"path":"rootfs"},"process":{"args":["sh"],"cwd":"/","rlimits":[{"type":"RLIMIT_NOFILE","soft":1e99,"hard":5}]}}""", "soft")]
    public async Task A_configuration_that_cannot_be_read(string config, string word)
    {
        OciBundle box = Bundle();
        await File.WriteAllTextAsync(box.ConfigPath, config);
        Refused(await Detached(box, "create", "--bundle", box.Folder, box.Id), 1, word);
        await Gone(box.Id);
    }

    [OciTheory]
    [InlineData("ociVersion", "\"invalid\"", "ociVersion")]
    [InlineData("ociVersion", "\"2.0.0\"", "ociVersion")]
    [InlineData("root", "null", "root")]
    [InlineData("root.path", "\"\"", "root.path")]
    [InlineData("root.path", "\"nosuch\"", "nosuch")]
    [InlineData("process", "null", "process")]
    [InlineData("process.args", "[]", "args")]
    [InlineData("process.cwd", "\"tmp\"", "cwd")]
    [InlineData("process.cwd", "\"\"", "cwd")]
    [InlineData("process.oomScoreAdj", "5000", "oomScoreAdj")]
    [InlineData("process.scheduler", """{"policy":"SCHED_NONE"}""", "SCHED_NONE")]
    [InlineData("process.ioPriority", """{"class":"IOPRIO_CLASS_NONE","priority":9}""", "ioPriority")]
    [InlineData("mounts", """[{"destination":"proc","type":"proc"},{"destination":"","type":"tmpfs"}]""", "mounts[1].destination")]
    [InlineData("linux.namespaces", """[{"type":"nosuch"}]""", "nosuch")]
    [InlineData("linux.rootfsPropagation", "\"sideways\"", "sideways")]
    [InlineData("linux.devices", """[{"path":"/dev/x","type":"q","major":1,"minor":1}]""", "devices[0]")]
    [InlineData("linux.sysctl", """{"kernel.nosuch":"1"}""", "kernel.nosuch")]
    [InlineData("linux.seccomp", """{"defaultAction":"SCMP_ACT_NOSUCH"}""", "SCMP_ACT_NOSUCH")]
    [InlineData("linux.uidMappings", """[{"containerID":0,"hostID":0,"size":1}]""", "uidMappings")]
    [InlineData("hooks", """{"createRuntime":[{"path":"relative"}]}""", "hooks")]
    public async Task A_value_that_makes_no_sense(string path, string value, string word)
    {
        OciBundle box = Bundle("true").Set(path, JsonNode.Parse(value));
        Result result = await TryCreate(box);
        if (!OciRuntime.IsTare)
            return; // Each accepts some of these.
        Refused(result, 1, word);
        await Gone(box.Id);
        Assert.False(Directory.Exists(box.Folder + "/mounted"));
    }

    [OciFact(Crun = "members of other platforms are checked")]
    public async Task What_is_not_known_is_ignored()
    {
        OciBundle box = Bundle().Set("future", new JsonObject { ["x"] = 1 }).Set("process.future", true).Set("linux.future", new JsonArray(1, 2)).Set("windows", new JsonObject()).Set("vm", new JsonObject());
        Assert.Equal("fine", await Output(box, "echo fine"));
    }

    [OciFact]
    public async Task A_bundle_that_is_missing()
    {
        string id = Id();
        Refused(await Oci("create", "--bundle", "/nonexistent/bundle", id), 1, "/nonexistent/bundle");
        await Gone(id);
        OciBundle box = Bundle();
        Refused(await Oci("create", "--bundle", box.Folder, box.Id), 1, "config.json");
        await Gone(box.Id);
    }

    [OciTheory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("with blank")]
    [InlineData("")]
    [InlineData("ü")]
    public async Task An_id_that_could_be_a_path(string id)
    {
        OciBundle box = Bundle("true").Save();
        foreach (string[] words in new string[][] { ["create", "--bundle", box.Folder, id], ["state", id], ["start", id], ["kill", id, "TERM"], ["delete", id] })
            Assert.NotEqual(0, (await Detached(box, words)).Code);
        if (OciRuntime.IsTare)
            Refused(await Detached(box, "create", "--bundle", box.Folder, id), 1, "container");
    }

    [OciFact]
    public async Task An_id_as_long_as_a_name_may_be_and_one_that_is_longer()
    {
        OciBundle box = Bundle("true").Save();
        string longest = new('i', 255);
        if (OciRuntime.IsTare)
        {
            (await Detached(box, "create", "--bundle", box.Folder, longest)).Ok();
            (await Oci("delete", "--force", longest)).Ok();
        }
        Result result = await Detached(box, "create", "--bundle", box.Folder, longest + "i");
        Assert.NotEqual(0, result.Code);
        if (OciRuntime.IsTare)
            Refused(result, 1, "255");
    }

    [OciFact]
    public async Task An_id_that_is_taken()
    {
        OciBundle box = await Started(Idle());
        OciBundle other = Bundle("true").Save();
        Refused(await Detached(other, "create", "--bundle", other.Folder, box.Id), 1, "exists", box.Id);
        Assert.Equal("running", await Status(box.Id));
        (await Oci("kill", box.Id, "KILL")).Ok();
        await Becomes(box.Id, "stopped");
        Refused(await Detached(other, "create", "--bundle", other.Folder, box.Id), 1, "exists", box.Id);
        Assert.Equal("stopped", await Status(box.Id));
    }

    [OciTheory(Crun = "JSON of several lines")]
    [InlineData("text")]
    [InlineData("json")]
    public async Task A_failure_is_in_the_log_too(string format)
    {
        string log = Path.Combine(Fixture.Folder, "log-" + Id());
        Result result = await Oci("--log", log, "--log-format", format, "state", "no-such-container");
        Refused(result, 1, "does not exist");
        string line = (await File.ReadAllLinesAsync(log))[^1];
        File.Delete(log);
        if (format == "json")
        {
            JsonNode entry = JsonNode.Parse(line)!;
            Assert.Equal("error", (string)entry["level"]!);
            Assert.Contains("does not exist", (string)entry["msg"]!, StringComparison.Ordinal);
            Assert.True(DateTimeOffset.TryParse((string)entry["time"]!, out _));
        }
        else
        {
            Assert.Contains("does not exist", line, StringComparison.Ordinal);
            if (OciRuntime.Kind != OciKinds.Crun)
                Assert.Matches("^time=\"[^\"]+\" level=error msg=\".*\"$", line);
        }
    }

    [OciFact]
    public async Task The_log_is_appended_to()
    {
        string log = Path.Combine(Fixture.Folder, "log-" + Id());
        for (int i = 0; i < 2; i++)
            Refused(await Oci("--log", log, "state", "no-such-container"), 1);
        Assert.Equal(2, (await File.ReadAllLinesAsync(log)).Length);
        File.Delete(log);
    }

    [OciFact(Crun = "JSON of several lines")]
    public async Task A_failure_of_create_is_in_the_log()
    {
        OciBundle box = Bundle("true").Bind("/nonexistent/source \"quoted\"", "/data").Save();
        string log = Path.Combine(box.Folder, "log");
        (await Detached(box, "--log", log, "--log-format", "json", "create", "--bundle", box.Folder, box.Id)).Expect(1);
        JsonNode entry = JsonNode.Parse((await File.ReadAllLinesAsync(log))[^1])!;
        Assert.Contains("/nonexistent/source \"quoted\"", (string)entry["msg"]!, StringComparison.Ordinal);
        await Gone(box.Id);
    }

    [OciTheory(Only = OciKinds.Tare | OciKinds.Runc, Because = "crun has other exit codes for a wrong command line")]
    [InlineData("nosuchverb", 3)]
    [InlineData("--nosuchoption list", 1)]
    [InlineData("list --nosuchoption", 1)]
    [InlineData("list one-too-many", 1)]
    [InlineData("state", 1)]
    [InlineData("create", 1)]
    [InlineData("start", 1)]
    [InlineData("kill", 1)]
    [InlineData("delete", 1)]
    [InlineData("exec", 1)]
    [InlineData("update", 1)]
    [InlineData("events", 1)]
    [InlineData("ps", 1)]
    [InlineData("pause", 1)]
    [InlineData("kill KILL", 1)]
    [InlineData("list --format xml", 1)]
    [InlineData("events --interval 0s x", 1)]
    [InlineData("checkpoint x", 1)]
    [InlineData("restore x", 1)]
    [InlineData("--log-format xml list", 1)]
    [InlineData("--root / list", 1)]
    public async Task A_command_line_that_makes_no_sense(string words, int code)
    {
        Result result = await Oci(words.Split(' '));
        Refused(result, code);
        if (OciRuntime.IsTare)
            Assert.Equal("", result.Out);
    }

    [OciFact]
    public async Task An_unknown_signal()
    {
        OciBundle box = await Started(Idle());
        Refused(await Oci("kill", box.Id, "NOSUCH"), 1, "NOSUCH");
        Refused(await Oci("kill", box.Id, "99"), 1, "99");
        Assert.Equal("running", await Status(box.Id));
    }

    [OciFact]
    public async Task A_root_that_is_missing_has_no_list()
    {
        Result result = await OciRuntime.RunAsync(["--root", Fixture.Folder + "/nosuchroot", "list"]);
        if (OciRuntime.Kind != OciKinds.Crun)
            Refused(result, 1, "nosuchroot");
    }

    [OciFact]
    public async Task A_root_that_is_a_file()
    {
        OciBundle box = Bundle("true").Save();
        string root = Path.Combine(box.Folder, "file");
        await File.WriteAllTextAsync(root, "");
        Refused(await OciRuntime.RunAsync(["--root", root, "create", "--bundle", box.Folder, box.Id]), 1, root);
    }

    [OciFact(Only = OciKinds.Tare, Because = "the state file is Tare's own")]
    public async Task A_damaged_state_is_told_of_and_the_rest_is_listed()
    {
        OciBundle good = await Created(Idle());
        OciBundle bad = await Created(Idle());
        string state = Path.Combine(Fixture.Root, bad.Id, "state.json");
        byte[] before = await File.ReadAllBytesAsync(state);
        await File.WriteAllTextAsync(state, "{\"id\":");
        Refused(await Oci("state", bad.Id), 1, "damaged", state);
        Result result = (await Oci("list", "-q")).Ok();
        Assert.Contains(good.Id, result.Lines);
        Assert.DoesNotContain(bad.Id, result.Lines);
        Assert.Contains(bad.Id, result.Err, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(state, before);
    }

    [OciFact]
    public async Task A_pid_file_that_cannot_be_written_undoes_the_creation()
    {
        OciBundle box = Bundle("true");
        Refused(await TryCreate(box, "--pid-file", "/nonexistent/folder/pid"), 1, "/nonexistent/folder");
        await Gone(box.Id);
    }

    [OciFact(Crun = "it is ignored")]
    public async Task A_descriptor_that_was_not_passed()
    {
        OciBundle box = Bundle("true");
        Refused(await TryCreate(box, "--preserve-fds", "20"), 1, "--preserve-fds");
        if (OciRuntime.IsTare)
            await Gone(box.Id);
    }

    [OciFact]
    public async Task A_bundle_is_made_by_the_verb_spec_and_never_over_another()
    {
        OciBundle box = Bundle();
        (await Oci("spec", "--bundle", box.Folder)).Ok();
        JsonObject config = (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(box.ConfigPath))!;
        Assert.Equal("sh", (string)config["process"]!["args"]![0]!);
        Refused(await Oci("spec", "--bundle", box.Folder), 1, "config.json exists");
        File.Delete(box.ConfigPath);
        (await Oci("spec", "--rootless", "--bundle", box.Folder)).Ok();
        Assert.Contains("\"user\"", await File.ReadAllTextAsync(box.ConfigPath), StringComparison.Ordinal);
        Refused(await Oci("spec", "--bundle", "/nonexistent"), 1, "/nonexistent");
    }

    [OciFact]
    public async Task The_bundle_of_the_verb_spec_runs()
    {
        OciBundle box = Bundle();
        (await Oci("spec", "--bundle", box.Folder)).Ok();
        JsonObject config = (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(box.ConfigPath))!;
        config["process"]!["terminal"] = false;
        config["process"]!["args"] = OciBundle.List("sh", "-c", "echo ran; touch /x 2>/dev/null && echo written; true");
        config["process"]!["env"] = OciBundle.List("PATH=/bin");
        config["linux"]!["cgroupsPath"] = $"{Fixture.CgroupParent}/{box.Id}";
        await File.WriteAllTextAsync(box.ConfigPath, config.ToJsonString());
        Assert.Equal("ran", (await Oci("run", "--bundle", box.Folder, box.Id)).Ok().Text);
    }

    [OciFact]
    public async Task What_it_is_and_what_it_can_is_told()
    {
        string[] lines = (await Oci("--version")).Ok().Lines;
        Assert.Matches(@"^\w+ version \d", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("spec: 1.", StringComparison.Ordinal));
        JsonNode features = JsonNode.Parse((await Oci("features")).Ok().Out)!;
        Assert.Equal("1.0.0", (string)features["ociVersionMin"]!);
        foreach (string hook in new[] { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" })
            Assert.Contains(hook, features["hooks"]!.AsArray().Select(name => (string)name!));
        Assert.Contains("rro", features["mountOptions"]!.AsArray().Select(name => (string)name!));
        Assert.Contains("CAP_CHOWN", features["linux"]!["capabilities"]!.AsArray().Select(name => (string)name!));
        Assert.True((bool)features["linux"]!["cgroup"]!["v1"]!);
    }

    [OciTheory(Only = OciKinds.Tare, Because = "others describe themselves otherwise")]
    [InlineData("create")]
    [InlineData("delete")]
    [InlineData("events")]
    [InlineData("exec")]
    [InlineData("features")]
    [InlineData("kill")]
    [InlineData("list")]
    [InlineData("pause")]
    [InlineData("ps")]
    [InlineData("resume")]
    [InlineData("run")]
    [InlineData("spec")]
    [InlineData("start")]
    [InlineData("state")]
    [InlineData("update")]
    public async Task Every_verb_has_help(string verb)
    {
        string text = (await Oci(verb, "--help")).Ok().Out;
        Assert.StartsWith($"Usage:  tare oci {verb} [OPTIONS]", text, StringComparison.Ordinal);
        Assert.Equal(text, (await Oci(verb, "-h")).Ok().Out);
        Assert.Equal(text, (await Oci("help", verb)).Ok().Out);
        Assert.Contains(verb, (await Oci("--help")).Ok().Out, StringComparison.Ordinal);
    }
}
