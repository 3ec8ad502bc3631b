using System.Text.Json;
using System.Text.Json.Nodes;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

public sealed class SpecTests
{
    private const string Full = """
        {
          "ociVersion": "1.2.0",
          "process": {
            "terminal": true, "consoleSize": { "height": 25, "width": 80 },
            "user": { "uid": 1, "gid": 2, "umask": 18, "additionalGids": [5, 6] },
            "args": ["sh"], "env": ["PATH=/bin"], "cwd": "/",
            "capabilities": { "bounding": ["CAP_KILL"], "ambient": [] },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "soft": 0, "hard": 18446744073709551615 }],
            "noNewPrivileges": true, "oomScoreAdj": -5, "apparmorProfile": "p", "selinuxLabel": "l",
            "scheduler": { "policy": "SCHED_BATCH", "nice": 3 },
            "ioPriority": { "class": "IOPRIO_CLASS_BE", "priority": 4 },
            "execCPUAffinity": { "initial": "0", "final": "1-2" }
          },
          "root": { "path": "rootfs", "readonly": true },
          "hostname": "h", "domainname": "d",
          "mounts": [{ "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"],
                       "uidMappings": [{ "containerID": 0, "hostID": 1000, "size": 1 }] }],
          "hooks": { "createRuntime": [{ "path": "/h", "args": ["h"], "timeout": 3 }] },
          "annotations": { "a": "b" },
          "linux": {
            "namespaces": [{ "type": "pid" }, { "type": "network", "path": "/run/n" }],
            "uidMappings": [{ "containerID": 0, "hostID": 1000, "size": 65536 }],
            "devices": [{ "path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0 }],
            "cgroupsPath": "/c", "sysctl": { "net.ipv4.ip_forward": "1" },
            "resources": {
              "devices": [{ "allow": false, "access": "rwm" }],
              "memory": { "limit": 5, "kernelTCP": -1, "disableOOMKiller": false, "swappiness": 0 },
              "cpu": { "shares": 2, "quota": -1, "period": 100000, "cpus": "0-1", "idle": 1 },
              "pids": { "limit": 7 },
              "blockIO": { "weight": 10, "weightDevice": [{ "major": 8, "minor": 0, "weight": 500, "leafWeight": 300 }],
                           "throttleReadIOPSDevice": [{ "major": 8, "minor": 0, "rate": 600 }] },
              "hugepageLimits": [{ "pageSize": "2MB", "limit": 9 }],
              "network": { "classID": 1, "priorities": [{ "name": "eth0", "priority": 5 }] },
              "rdma": { "mlx5_1": { "hcaHandles": 3, "hcaObjects": 10000 } },
              "unified": { "memory.high": "1" }
            },
            "seccomp": { "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"],
                         "syscalls": [{ "names": ["personality"], "action": "SCMP_ACT_ALLOW",
                                        "args": [{ "index": 0, "value": 8, "valueTwo": 0, "op": "SCMP_CMP_EQ" }] }] },
            "rootfsPropagation": "rslave", "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"], "mountLabel": "m",
            "intelRdt": { "closID": "g", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20", "enableCMT": true, "enableMBM": false },
            "personality": { "domain": "LINUX32" },
            "timeOffsets": { "boottime": { "secs": -3, "nanosecs": 2 } }
          }
        }
        """;

    [Fact]
    public void Every_member_survives_a_round_trip()
    {
        var spec = JsonSerializer.Deserialize(Full, RuntimeJson.Default.Spec)!;
        var written = JsonNode.Parse(JsonSerializer.Serialize(spec, RuntimeJson.Default.Spec))!;
        Assert.True(JsonNode.DeepEquals(WithoutFalse(JsonNode.Parse(Full)!), WithoutFalse(written)), written.ToJsonString());
    }

    [Fact]
    public void A_minimal_document_is_read_and_unknown_members_are_ignored()
    {
        var spec = JsonSerializer.Deserialize("""{"ociVersion":"1.0.0","process":{"cwd":"/","new":1},"mounts":null,"zos":{}}""", RuntimeJson.Default.Spec)!;
        Assert.Equal("/", spec.Process!.Cwd);
        Assert.Equal(0u, spec.Process.User.Uid);
        Assert.Null(spec.Mounts);
    }

    [Fact]
    public void A_document_without_its_version_is_refused() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("{}", RuntimeJson.Default.Spec));

    // Members that are false and may be left out are written; both forms mean the same.
    private static JsonNode WithoutFalse(JsonNode node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) WithoutFalse(item!);
        }
        else if (node is JsonObject members)
        {
            foreach (var (name, value) in members.ToList())
            {
                if (value is JsonValue flag && flag.TryGetValue<bool>(out var set) && !set) members.Remove(name);
                else if (value is not null) WithoutFalse(value);
            }
        }

        return node;
    }
}
