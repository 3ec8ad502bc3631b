using System.Text;
using System.Text.Json.Nodes;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

public sealed class SpecReaderTests
{
    [Fact]
    public void Every_member_survives_a_round_trip()
    {
        var spec = SpecReader.Read(Encoding.UTF8.GetBytes(Documents.Full), "config.json");
        var written = JsonNode.Parse(SpecWriter.Write(spec))!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Documents.Full), written), written.ToJsonString());
    }

    [Fact]
    public void The_document_with_everything_has_everything_that_the_model_has()
    {
        var spec = SpecReader.Read(Encoding.UTF8.GetBytes(Documents.Full), "config.json");
        var unset = new List<string>();
        Find(spec, "spec", unset);
        Assert.Equal(["netDevices.eth2.Name"], unset.Select(static path => path.Replace("spec.Linux.NetDevices", "netDevices")).Where(static path => !Optional(path)));
    }

    [Fact]
    public void A_minimal_document_is_read_and_unknown_members_are_ignored()
    {
        var spec = Read("""{"ociVersion":"1.0.0","process":{"cwd":"/","new":[{"a":[1,{}]}]},"mounts":null,"zos":{"namespaces":[{}]},"windows":5}""");
        Assert.Equal("/", spec.Process!.Cwd);
        Assert.Equal(0u, spec.Process.User.Uid);
        Assert.Null(spec.Process.Args);
        Assert.Null(spec.Mounts);
        Assert.Null(spec.Linux);
    }

    [Fact]
    public void Null_is_as_good_as_absent()
    {
        var spec = Read("""{"ociVersion":"1.0.0","root":null,"process":{"cwd":"/","user":null,"terminal":null,"args":null,"oomScoreAdj":null},"annotations":{"a":null,"b":"c"},"linux":{"sysctl":null}}""");
        Assert.Null(spec.Root);
        Assert.False(spec.Process!.Terminal);
        Assert.Null(spec.Process.OomScoreAdj);
        Assert.Equal(new UserSpec(), spec.Process.User);
        Assert.Equal(["b"], spec.Annotations!.Keys);
    }

    [Fact]
    public void Empty_is_not_absent()
    {
        var spec = Read("""{"ociVersion":"1.0.0","process":{"cwd":"/","args":[],"rlimits":[],"capabilities":{}},"mounts":[],"annotations":{},"linux":{}}""");
        Assert.Empty(spec.Process!.Args!);
        Assert.Empty(spec.Process.Rlimits!);
        Assert.Null(spec.Process.Capabilities!.Bounding);
        Assert.Empty(spec.Mounts!);
        Assert.Empty(spec.Annotations!);
        Assert.NotNull(spec.Linux);
    }

    [Fact]
    public void Names_of_members_are_compared_without_case_and_names_of_entries_with_it()
    {
        var spec = Read("""{"OCIVERSION":"1.0.0","Process":{"CWD":"/x","execcpuaffinity":{"Final":"1"}},"annotations":{"a":"1","A":"2"}}""");
        Assert.Equal("/x", spec.Process!.Cwd);
        Assert.Equal("1", spec.Process.ExecCpuAffinity!.Final);
        Assert.Equal("1", spec.Annotations!["a"]);
        Assert.Equal("2", spec.Annotations["A"]);
    }

    [Fact]
    public void Escapes_are_read_in_names_and_in_values()
    {
        var spec = Read("""{"oci\u0056ersion":"1.0.0","hostname":"a\u00e4\ud83d\ude00\n\"","annotations":{"k\u0065y":"\u0000"}}""");
        Assert.Equal("1.0.0", spec.OciVersion);
        Assert.Equal("aä😀\n\"", spec.Hostname);
        Assert.Equal("\0", spec.Annotations!["key"]);
    }

    [Fact]
    public void The_ends_of_the_ranges_are_read()
    {
        var resources = SpecReader.ReadResources(
            """{"memory":{"limit":-9223372036854775808,"swap":9223372036854775807,"swappiness":18446744073709551615},"blockIO":{"weight":65535},"network":{"classID":4294967295}}"""u8, "r.json");
        Assert.Equal(long.MinValue, resources.Memory!.Limit);
        Assert.Equal(long.MaxValue, resources.Memory.Swap);
        Assert.Equal(ulong.MaxValue, resources.Memory.Swappiness);
        Assert.Equal(ushort.MaxValue, resources.BlockIo!.Weight);
        Assert.Equal(uint.MaxValue, resources.Network!.ClassId);
    }

    [Fact]
    public void A_filter_without_default_and_rules_is_none()
    {
        Assert.Null(Read("""{"ociVersion":"1.0.0","linux":{"seccomp":{"defaultAction":"","syscalls":[]}}}""").Linux!.Seccomp);
        Assert.Null(Read("""{"ociVersion":"1.0.0","linux":{"seccomp":{}}}""").Linux!.Seccomp);
        Assert.Equal("SCMP_ACT_LOG", Read("""{"ociVersion":"1.0.0","linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG"}}}""").Linux!.Seccomp!.DefaultAction);
    }

    [Fact]
    public void Entries_keep_their_order()
    {
        var spec = Read("""{"ociVersion":"1.0.0","linux":{"sysctl":{"z":"1","a":"2","m":"3"}}}""");
        Assert.Equal(["z", "a", "m"], spec.Linux!.Sysctl!.Keys);
    }

    [Fact]
    public void A_process_and_limits_are_documents_of_their_own()
    {
        var process = SpecReader.ReadProcess("""{"cwd":"/w","args":["a"],"user":{"uid":3}}"""u8, "process.json");
        Assert.Equal(3u, process.User.Uid);
        Assert.Equal(["a"], process.Args);
        var resources = SpecReader.ReadResources("""{"memory":{"limit":5},"pids":{}}"""u8, "resources.json");
        Assert.Equal(5, resources.Memory!.Limit);
        Assert.Null(resources.Pids!.Limit);
    }

    [Fact]
    public void States_survive_a_round_trip()
    {
        var state = new State { OciVersion = "1.2.1", Id = "c1", Status = "running", Pid = 12, Bundle = "/b", Annotations = new Dictionary<string, string> { ["a"] = "b" } };
        var read = SpecReader.ReadState(SpecWriter.WriteState(state), "state");
        Assert.Equal(state with { Annotations = null }, read with { Annotations = null });
        Assert.Equal(state.Annotations, read.Annotations);
        Assert.Null(SpecReader.ReadState(SpecWriter.WriteReport(new StateReport(state with { Pid = null }, "/b/r", DateTimeOffset.UnixEpoch)), "state").Pid);

        var process = SpecReader.ReadContainerProcessState(
            SpecWriter.WriteContainerProcessState(new ContainerProcessState { OciVersion = "1.2.1", Fds = ["seccompFd"], Pid = 5, Metadata = "m", State = state }), "state");
        Assert.Equal(["seccompFd"], process.Fds);
        Assert.Equal("m", process.Metadata);
        Assert.Equal("c1", process.State.Id);
    }

    [Fact]
    public void Reading_allocates_little()
    {
        var document = Encoding.UTF8.GetBytes(Documents.Full);
        SpecReader.Read(document, "config.json");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) SpecReader.Read(document, "config.json");
        // The document has 5 kilobytes; its records, lists and strings are some 9 on the heap. Anything per token would show.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 1, 16_000);
    }

    private static Spec Read(string json) => SpecReader.Read(Encoding.UTF8.GetBytes(json), "config.json");

    // A hook or a mount has members that the other ones show, and of one list one element is enough.
    private static bool Optional(string path) => path.Contains(".Hooks.", StringComparison.Ordinal) && !path.Contains("CreateRuntime", StringComparison.Ordinal)
        || path.EndsWith("Namespaces[0].Path", StringComparison.Ordinal);

    private static void Find(object value, string path, List<string> unset)
    {
        if (value is System.Collections.IDictionary entries)
        {
            foreach (var key in entries.Keys) Find(entries[key]!, $"{path}.{key}", unset);
        }
        else if (value is System.Collections.IList items)
        {
            for (var i = 0; i < items.Count; i++) Find(items[i]!, $"{path}[{i}]", unset);
            if (items.Count == 0) unset.Add(path);
        }
        else if (value.GetType().Namespace == typeof(Spec).Namespace)
        {
            foreach (var property in value.GetType().GetProperties())
            {
                if (property.GetValue(value) is { } member and not false) Find(member, $"{path}.{property.Name}", unset);
                else unset.Add($"{path}.{property.Name}");
            }
        }
    }
}
