using System.Text;
using System.Text.Json.Nodes;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

public sealed class FeaturesTests
{
    [Fact]
    public void What_is_said_stands_where_the_specification_has_it()
    {
        var features = new Features
        {
            Linux = new LinuxFeatures
            {
                Cgroup = new CgroupFeatures { V1 = true, V2 = true, Systemd = false, SystemdUser = false, Rdma = true },
                Seccomp = new SeccompFeatures
                {
                    Enabled = true,
                    Actions = ["SCMP_ACT_ALLOW"],
                    Operators = ["SCMP_CMP_EQ"],
                    Archs = ["SCMP_ARCH_X86_64"],
                    KnownFlags = ["SECCOMP_FILTER_FLAG_LOG"],
                    SupportedFlags = [],
                },
                Apparmor = true,
                Selinux = false,
                IntelRdt = new IntelRdtFeatures { Enabled = true, Schemata = true, Monitoring = false },
                MemoryPolicy = new MemoryPolicyFeatures(),
                IdMappedMounts = true,
                NetDevices = true,
            },
            Annotations = new Dictionary<string, string> { ["org.example.version"] = "1" },
            PotentiallyUnsafeConfigAnnotations = ["org.systemd.property."],
        };
        var text = Encoding.UTF8.GetString(SpecWriter.WriteFeatures(features));
        Assert.StartsWith("{\n    \"ociVersionMin\": \"1.0.0\",\n    \"ociVersionMax\": \"1.3.0\",\n    \"hooks\": [\n        \"prestart\",", text);
        Assert.EndsWith("\n}\n", text);
        var document = JsonNode.Parse(text)!;
        Assert.Equal(["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations", "potentiallyUnsafeConfigAnnotations"], Names(document));
        var linux = document["linux"]!;
        Assert.Equal(["namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices"], Names(linux));
        Assert.Equal("""["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]""", document["hooks"]!.ToJsonString());
        Assert.Equal("""["cgroup","ipc","mount","network","pid","time","user","uts"]""", linux["namespaces"]!.ToJsonString());
        Assert.Equal(41, linux["capabilities"]!.AsArray().Count);
        Assert.Equal("""{"v1":true,"v2":true,"systemd":false,"systemdUser":false,"rdma":true}""", linux["cgroup"]!.ToJsonString());
        Assert.Equal(
            """{"enabled":true,"actions":["SCMP_ACT_ALLOW"],"operators":["SCMP_CMP_EQ"],"archs":["SCMP_ARCH_X86_64"],"knownFlags":["SECCOMP_FILTER_FLAG_LOG"],"supportedFlags":[]}""",
            linux["seccomp"]!.ToJsonString());
        Assert.Equal("""{"enabled":true}""", linux["apparmor"]!.ToJsonString());
        Assert.Equal("""{"enabled":false}""", linux["selinux"]!.ToJsonString());
        Assert.Equal("""{"enabled":true,"schemata":true,"monitoring":false}""", linux["intelRdt"]!.ToJsonString());
        Assert.Equal(7, linux["memoryPolicy"]!["modes"]!.AsArray().Count);
        Assert.Equal("""["MPOL_F_NUMA_BALANCING","MPOL_F_RELATIVE_NODES","MPOL_F_STATIC_NODES"]""", linux["memoryPolicy"]!["flags"]!.ToJsonString());
        Assert.Equal("""{"idmap":{"enabled":true}}""", linux["mountExtensions"]!.ToJsonString());
        Assert.Equal("""{"enabled":true}""", linux["netDevices"]!.ToJsonString());
    }

    [Fact]
    public void What_is_not_said_is_left_out()
    {
        var document = JsonNode.Parse(SpecWriter.WriteFeatures(new Features { Hooks = null, MountOptions = null, Linux = new LinuxFeatures { Namespaces = null, Capabilities = null } }))!;
        Assert.Equal("""{"ociVersionMin":"1.0.0","ociVersionMax":"1.3.0","linux":{}}""", document.ToJsonString());
    }

    [Fact]
    public void Mount_options_are_sorted_for_the_search_and_complete()
    {
        Assert.Equal(MountOptionNames.All.Order(StringComparer.Ordinal).Distinct(), MountOptionNames.All);
        Assert.All(MountOptionNames.All, static option => Assert.True(MountOptionNames.IsKnown(option), option));
        Assert.All(["acl", "size=1", "", "RO", "uid=0"], static option => Assert.False(MountOptionNames.IsKnown(option), option));
        // What is recursive has a form that is not, and what is set has a form that is cleared.
        string[] attributes = ["ro", "suid", "dev", "exec", "diratime", "relatime", "atime", "strictatime", "symfollow"];
        foreach (var attribute in attributes)
        {
            var opposite = attribute == "ro" ? "rw" : $"no{attribute}";
            Assert.All([attribute, opposite, $"r{attribute}", $"r{opposite}"], static option => Assert.True(MountOptionNames.IsKnown(option), option));
        }

        Assert.All(["idmap", "ridmap", "tmpcopyup", "bind", "rbind", "remount", "defaults"], static option => Assert.True(MountOptionNames.IsKnown(option), option));
        Assert.Equal(8, MountOptionNames.All.Count(MountOptionNames.IsPropagation));
    }

    private static IEnumerable<string> Names(JsonNode node) => node.AsObject().Select(static member => member.Key);
}
