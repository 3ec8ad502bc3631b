using System.Text;
using System.Text.Json.Nodes;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

public sealed class SpecWriterTests
{
    private static readonly State Running = new()
    {
        OciVersion = "1.2.1",
        Id = "c1",
        Status = "running",
        Pid = 4422,
        Bundle = "/b",
        Annotations = new Dictionary<string, string> { ["z"] = "1<2 & 3>2", ["a"] = "ä \"q\" 'x' +" },
    };

    [Fact]
    public void Hooks_get_the_state_in_one_line()
    {
        Assert.Equal(
            """{"ociVersion":"1.2.1","id":"c1","status":"running","pid":4422,"bundle":"/b","annotations":{"a":"ä \"q\" 'x' +","z":"1\u003c2 \u0026 3\u003e2"}}""",
            Text(SpecWriter.WriteState(Running)));
        Assert.Equal(
            """{"ociVersion":"1.2.1","id":"c1","status":"stopped","bundle":"/b"}""",
            Text(SpecWriter.WriteState(Running with { Status = "stopped", Pid = 0, Annotations = new Dictionary<string, string>() })));
    }

    [Fact]
    public void The_verb_state_prints_what_runc_prints()
    {
        var report = new StateReport(Running with { Annotations = null }, "/b/rootfs", new DateTimeOffset(2024, 5, 6, 9, 8, 9, TimeSpan.FromHours(2)).AddTicks(1_230_000));
        Assert.Equal(
            """
            {
              "ociVersion": "1.2.1",
              "id": "c1",
              "pid": 4422,
              "status": "running",
              "bundle": "/b",
              "rootfs": "/b/rootfs",
              "created": "2024-05-06T07:08:09.123Z",
              "owner": ""
            }
            """,
            Text(SpecWriter.WriteReport(report)));
        Assert.Contains("\"pid\": 0,\n", Text(SpecWriter.WriteReport(report with { State = Running with { Pid = null } })));
        Assert.Contains("\"created\": \"2024-05-06T07:08:09Z\"", Text(SpecWriter.WriteReport(report with { Created = new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero) })));
    }

    [Fact]
    public void The_verb_list_prints_one_line()
    {
        var report = new StateReport(Running with { Annotations = null }, "/b/rootfs", DateTimeOffset.UnixEpoch, "root");
        Assert.Equal(
            """
            [{"ociVersion":"1.2.1","id":"c1","pid":4422,"status":"running","bundle":"/b","rootfs":"/b/rootfs","created":"1970-01-01T00:00:00Z","owner":"root"}]

            """,
            Text(SpecWriter.WriteReports([report])));
        Assert.Equal("null\n", Text(SpecWriter.WriteReports([])));
    }

    [Fact]
    public void The_listener_of_a_filter_gets_the_state_and_its_metadata()
    {
        var process = new ContainerProcessState { OciVersion = "1.2.1", Fds = [ContainerProcessState.SeccompDescriptor], Pid = 7, Metadata = "m", State = Running with { Annotations = null } };
        Assert.Equal(
            """{"ociVersion":"1.2.1","fds":["seccompFd"],"pid":7,"metadata":"m","state":{"ociVersion":"1.2.1","id":"c1","status":"running","pid":4422,"bundle":"/b"}}""",
            Text(SpecWriter.WriteContainerProcessState(process)));
        Assert.DoesNotContain("metadata", Text(SpecWriter.WriteContainerProcessState(process with { Metadata = "" })));
    }

    [Fact]
    public void The_example_is_a_shell_with_little_power()
    {
        var text = Text(SpecWriter.Write(ExampleSpec.Create(unifiedCgroups: true)));
        Assert.StartsWith("{\n\t\"ociVersion\": \"1.2.1\",\n\t\"process\": {\n\t\t\"terminal\": true,\n\t\t\"user\": {\n\t\t\t\"uid\": 0,\n\t\t\t\"gid\": 0\n\t\t},\n\t\t\"args\": [\n\t\t\t\"sh\"\n\t\t],", text);
        Assert.EndsWith("\n\t}\n}", text);
        var spec = JsonNode.Parse(text)!;
        Assert.Equal(["pid", "network", "ipc", "uts", "mount", "cgroup"], spec["linux"]!["namespaces"]!.AsArray().Select(static ns => (string)ns!["type"]!));
        Assert.Equal(5, ExampleSpec.Create(unifiedCgroups: false).Linux!.Namespaces!.Count);
        Assert.Equal("tare", (string?)spec["hostname"]);
        Assert.Equal("""{"bounding":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],"effective":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],"permitted":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]}""", spec["process"]!["capabilities"]!.ToJsonString());
        Assert.Equal("""{"devices":[{"allow":false,"access":"rwm"}]}""", spec["linux"]!["resources"]!.ToJsonString());
        Assert.Equal("""{"destination":"/proc","type":"proc","source":"proc"}""", spec["mounts"]![0]!.ToJsonString());
        Assert.Equal("""["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]""", spec["mounts"]![2]!["options"]!.ToJsonString());
        Assert.Equal(10, spec["linux"]!["maskedPaths"]!.AsArray().Count);
        Assert.Equal(5, spec["linux"]!["readonlyPaths"]!.AsArray().Count);
    }

    [Fact]
    public void The_rootless_example_needs_no_root()
    {
        var spec = JsonNode.Parse(SpecWriter.Write(ExampleSpec.CreateRootless(unifiedCgroups: true, 1000, 100)))!;
        Assert.Equal(["pid", "ipc", "uts", "mount", "cgroup", "user"], spec["linux"]!["namespaces"]!.AsArray().Select(static ns => (string)ns!["type"]!));
        Assert.Equal("""[{"containerID":0,"hostID":1000,"size":1}]""", spec["linux"]!["uidMappings"]!.ToJsonString());
        Assert.Equal("""[{"containerID":0,"hostID":100,"size":1}]""", spec["linux"]!["gidMappings"]!.ToJsonString());
        Assert.Null(spec["linux"]!["resources"]);
        Assert.Equal("""["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]""", spec["mounts"]![2]!["options"]!.ToJsonString());
        Assert.Equal("""{"destination":"/sys","type":"none","source":"/sys","options":["rbind","nosuid","noexec","nodev","ro"]}""", spec["mounts"]![5]!.ToJsonString());
        Assert.Equal("/sys/fs/cgroup", (string?)spec["mounts"]![6]!["destination"]);
    }

    private static string Text(byte[] document) => Encoding.UTF8.GetString(document);
}
