using System.Text.Json.Nodes;

namespace Tare.Oci.Tests.Runtime;

/// <summary>Documents of our own that the tests share.</summary>
internal static class Documents
{
    /// <summary>The smallest that can be started.</summary>
    public const string Minimal = """{"ociVersion":"1.0.0","process":{"cwd":"/","args":["sh"]},"root":{"path":"rootfs"}}""";

    /// <summary>Everything that 1.2 and 1.3 have for Linux, with a value that is not the default.</summary>
    public const string Full = """
        {
          "ociVersion": "1.3.0",
          "process": {
            "terminal": true, "consoleSize": { "height": 25, "width": 80 },
            "user": { "uid": 1, "gid": 2, "umask": 18, "additionalGids": [5, 6], "username": "w" },
            "args": ["sh", "-c", "echo \u00e4 <&>"], "commandLine": "sh", "env": ["PATH=/bin"], "cwd": "/",
            "capabilities": { "bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_FOWNER"],
                              "permitted": ["CAP_FSETID"], "ambient": ["CAP_SETUID"] },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 4 }],
            "noNewPrivileges": true, "oomScoreAdj": -5, "apparmorProfile": "p", "selinuxLabel": "l",
            "scheduler": { "policy": "SCHED_DEADLINE", "nice": 3, "priority": 4, "flags": ["SCHED_FLAG_RECLAIM"],
                           "runtime": 1, "deadline": 2, "period": 3 },
            "ioPriority": { "class": "IOPRIO_CLASS_BE", "priority": 4 },
            "execCPUAffinity": { "initial": "0", "final": "1-2" }
          },
          "root": { "path": "rootfs", "readonly": true },
          "hostname": "h", "domainname": "d",
          "mounts": [{ "destination": "/data", "type": "bind", "source": "/src", "options": ["rbind", "idmap"],
                       "uidMappings": [{ "containerID": 1, "hostID": 1000, "size": 1 }],
                       "gidMappings": [{ "containerID": 2, "hostID": 1001, "size": 9 }] }],
          "hooks": {
            "prestart": [{ "path": "/a" }],
            "createRuntime": [{ "path": "/b", "args": ["b"], "env": ["X=y"], "timeout": 3 }],
            "createContainer": [{ "path": "/c" }], "startContainer": [{ "path": "/d" }],
            "poststart": [{ "path": "/e" }], "poststop": [{ "path": "/f" }, { "path": "/g" }]
          },
          "annotations": { "com.example.a": "b", "z": "" },
          "linux": {
            "namespaces": [{ "type": "pid" }, { "type": "network", "path": "/run/n" }],
            "uidMappings": [{ "containerID": 0, "hostID": 1000, "size": 65536 }],
            "gidMappings": [{ "containerID": 0, "hostID": 2000, "size": 65536 }],
            "devices": [{ "path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 7, "gid": 8 }],
            "netDevices": { "eth1": { "name": "net%d" }, "eth2": {} },
            "cgroupsPath": "/c", "sysctl": { "net.ipv4.ip_forward": "1" },
            "resources": {
              "devices": [{ "allow": true, "type": "b", "major": 8, "minor": -1, "access": "rwm" }],
              "memory": { "limit": 5, "reservation": 4, "swap": 6, "kernel": -1, "kernelTCP": -1, "swappiness": 60,
                          "disableOOMKiller": true, "useHierarchy": true, "checkBeforeUpdate": true },
              "cpu": { "shares": 2, "quota": -1, "burst": 9, "period": 100000, "realtimeRuntime": 950000, "realtimePeriod": 1000000,
                       "cpus": "0-1", "mems": "0", "idle": 1 },
              "pids": { "limit": 7 },
              "blockIO": { "weight": 10, "leafWeight": 11,
                           "weightDevice": [{ "major": 8, "minor": 1, "weight": 500, "leafWeight": 300 }],
                           "throttleReadBpsDevice": [{ "major": 8, "minor": 2, "rate": 600 }],
                           "throttleWriteBpsDevice": [{ "major": 8, "minor": 3, "rate": 601 }],
                           "throttleReadIOPSDevice": [{ "major": 8, "minor": 4, "rate": 602 }],
                           "throttleWriteIOPSDevice": [{ "major": 8, "minor": 5, "rate": 603 }] },
              "hugepageLimits": [{ "pageSize": "2MB", "limit": 9 }],
              "network": { "classID": 1, "priorities": [{ "name": "eth0", "priority": 5 }] },
              "rdma": { "mlx5_1": { "hcaHandles": 3, "hcaObjects": 10000 } },
              "unified": { "memory.high": "1" }
            },
            "seccomp": { "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"],
                         "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/s", "listenerMetadata": "m",
                         "syscalls": [{ "names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2,
                                        "args": [{ "index": 1, "value": 8, "valueTwo": 18446744073709551615, "op": "SCMP_CMP_MASKED_EQ" }] }] },
            "rootfsPropagation": "rslave", "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"], "mountLabel": "m",
            "intelRdt": { "closID": "g", "schemata": ["L3:0=f", "MB:0=20"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20",
                          "enableCMT": true, "enableMBM": true, "enableMonitoring": true },
            "memoryPolicy": { "mode": "MPOL_INTERLEAVE", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"] },
            "personality": { "domain": "LINUX32", "flags": ["F"] },
            "timeOffsets": { "boottime": { "secs": -3, "nanosecs": 2 }, "monotonic": { "secs": 1, "nanosecs": 4 } }
          }
        }
        """;

    /// <summary>Takes away what is as good as absent: members that are null or false.</summary>
    public static JsonNode? Meaning(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) Meaning(item);
        }
        else if (node is JsonObject members)
        {
            foreach (var (name, value) in members.ToList())
            {
                if (value is null || (value is JsonValue flag && flag.TryGetValue<bool>(out var set) && !set)) members.Remove(name);
                else Meaning(value);
            }
        }

        return node;
    }
}
