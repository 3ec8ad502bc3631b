using System.Text;
using System.Text.Json.Nodes;
using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

/// <summary>
/// A document is the minimal one with members set: <c>path = value</c> lines, values in JSON. What a test does not say of the
/// host is what <see cref="SpecContext"/> says by default.
/// </summary>
public sealed class SpecValidatorTests
{
    private const string Namespaces = """linux.namespaces = [{"type":"mount"},{"type":"uts"},{"type":"ipc"},{"type":"network"},{"type":"user"},{"type":"time"}]""";
    private const string Maps = """
        linux.uidMappings = [{"containerID":0,"hostID":1000,"size":10}]
        linux.gidMappings = [{"containerID":0,"hostID":1000,"size":10}]
        """;

    [Theory]
    // The document.
    [InlineData("ociVersion = \"2.0.0\"", "ociVersion is \"2.0.0\", but the versions 1.0.0 to 1.3.0 of the specification are understood: rewrite the document for one of these")]
    [InlineData("ociVersion = \"0.9.0\"", "ociVersion is \"0.9.0\", but the versions")]
    [InlineData("ociVersion = \"1.0\"", "ociVersion is \"1.0\", which is no version such as \"1.2.1\"")]
    [InlineData("ociVersion = \"1.0.0-\"", "ociVersion is \"1.0.0-\", which is no version")]
    [InlineData("ociVersion = \"01.0.0\"", "ociVersion is \"01.0.0\", which is no version")]
    [InlineData("ociVersion = \"\"", "ociVersion is \"\", which is no version")]
    [InlineData("root = null", "root is absent, but a container needs a root filesystem: add root with its path")]
    [InlineData("root.path = \"\"", "root.path is empty: set it to the directory of the root filesystem")]
    [InlineData("root.path = \"a\\u0000b\"", "root.path holds a NUL byte, which the kernel takes for its end: remove it")]
    [InlineData("process = null", "process is absent, but there is nothing to run without it: add process with args and cwd")]
    // The process.
    [InlineData("process.args = []", "process.args is absent or empty, but the first of them is the program to run: add it")]
    [InlineData("process.args = null", "process.args is absent or empty")]
    [InlineData("process.args = [\"a\",\"\\u0000\"]", "process.args[1] holds a NUL byte")]
    [InlineData("process.cwd = \"\"", "process.cwd is empty: set it to the working directory")]
    [InlineData("process.cwd = \"tmp\"", "process.cwd is \"tmp\", but must be an absolute path inside the container")]
    [InlineData("process.cwd = \"/a\\u0000\"", "process.cwd holds a NUL byte")]
    [InlineData("process.env = [\"A=b\",\"SECRET\"]", "process.env[1] has no '=' between a name and a value: write it as NAME=value")]
    [InlineData("process.env = [\"=x\"]", "process.env[0] has no name before its '='")]
    [InlineData("process.env = [\"A=\\u0000\"]", "process.env[0] holds a NUL byte")]
    [InlineData("process.rlimits = [{\"type\":\"RLIMIT_NOFILES\",\"soft\":1,\"hard\":1}]", "process.rlimits[0].type is \"RLIMIT_NOFILES\", which is no resource limit of Linux, such as RLIMIT_NOFILE (getrlimit(2))")]
    [InlineData("process.rlimits = [{\"type\":\"RLIMIT_NOFILE\",\"soft\":2,\"hard\":1}]", "process.rlimits[0] has a soft limit of 2 above its hard limit of 1")]
    [InlineData("process.rlimits = [{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":2}]", "process.rlimits[1] is the second of type RLIMIT_AS: remove one of the two")]
    [InlineData("process.oomScoreAdj = 1001", "process.oomScoreAdj is 1001, but must be from -1000 to 1000")]
    [InlineData("process.oomScoreAdj = -1001", "process.oomScoreAdj is -1001, but must be from -1000 to 1000")]
    [InlineData("process.selinuxLabel = \"l\"", "process.selinuxLabel is \"l\", but SELinux is not in force on this host")]
    [InlineData("process.apparmorProfile = \"p\"", "process.apparmorProfile is \"p\", but AppArmor is not in force on this host")]
    [InlineData("process.scheduler = {\"policy\":\"\"}", "process.scheduler.policy is \"\", but must be one of SCHED_OTHER")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_BATCH\",\"nice\":20}", "process.scheduler.nice is 20, but must be from -20 to 19 with SCHED_BATCH")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_OTHER\",\"nice\":-21}", "process.scheduler.nice is -21, but must be from -20 to 19 with SCHED_OTHER")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_OTHER\",\"priority\":1}", "process.scheduler.priority is 1, but only SCHED_FIFO and SCHED_RR have priorities, and SCHED_OTHER has not: remove it")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_RR\"}", "process.scheduler.priority is absent, but must be from 1 to 99 with SCHED_RR")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_FIFO\",\"priority\":100}", "process.scheduler.priority is 100, but must be from 1 to 99 with SCHED_FIFO")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_IDLE\",\"period\":5}", "process.scheduler.runtime, deadline and period are for SCHED_DEADLINE alone, and the policy is SCHED_IDLE: remove them")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_IDLE\",\"flags\":[\"X\"]}", "process.scheduler.flags[0] is \"X\", which is no flag of sched_setattr(2)")]
    [InlineData("process.ioPriority = {\"class\":\"IOPRIO_CLASS_NONE\"}", "process.ioPriority.class is \"IOPRIO_CLASS_NONE\", but must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE and IOPRIO_CLASS_IDLE")]
    [InlineData("process.ioPriority = {\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "process.ioPriority.priority is 8, but must be from 0, the highest, to 7")]
    [InlineData("process.execCPUAffinity = {\"initial\":\"3-1\"}", "process.execCPUAffinity.initial is \"3-1\", but must be a list of numbers up to 65536 and of ranges, such as \"0-3,7\"")]
    [InlineData("process.execCPUAffinity = {\"final\":\" , \"}", "process.execCPUAffinity.final is \" , \", which is a list of nothing")]
    // Namespaces and what is in them.
    [InlineData("linux.namespaces = [{\"type\":\"net\"}]", "linux.namespaces[0].type is \"net\", but must be one of pid, network, mount, ipc, uts, user, cgroup and time")]
    [InlineData("linux.namespaces = [{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/x\"}]", "linux.namespaces[1] is the second of type \"pid\", but a process is in one namespace of each type: remove one of the two")]
    [InlineData("linux.namespaces = [{\"type\":\"pid\",\"path\":\"x\"}]", "linux.namespaces[0].path is \"x\", but must be absolute, such as \"/proc/1/ns/pid\"")]
    [InlineData("linux.namespaces = [{\"type\":\"pid\",\"path\":\"/x\\u0000\"}]", "linux.namespaces[0].path holds a NUL byte")]
    [InlineData("hostname = \"h\"", "hostname is set, but the container has no UTS namespace, so it would be the host's: add one of type \"uts\" to linux.namespaces, or remove hostname")]
    [InlineData("domainname = \"d\"", "domainname is set, but the container has no UTS namespace")]
    [InlineData("linux.maskedPaths = [\"/proc/kcore\"]", "linux.maskedPaths has paths, but the container has no mount namespace, so they would be the host's")]
    [InlineData("linux.readonlyPaths = [\"/proc/sys\"]", "linux.readonlyPaths has paths, but the container has no mount namespace, so they would be the host's")]
    [InlineData("linux.rootfsPropagation = \"rw\"", "linux.rootfsPropagation is \"rw\", but must be one of shared, slave, private and unbindable, or one of them with a leading r")]
    [InlineData("linux.timeOffsets = {}", "linux.timeOffsets is set, but the container has no time namespace")]
    [InlineData("linux.namespaces = [{\"type\":\"time\",\"path\":\"/t\"}]\nlinux.timeOffsets = {\"boottime\":{\"secs\":1}}", "linux.timeOffsets is set, but the time namespace is joined, and its clocks are set already")]
    [InlineData("linux.namespaces = [{\"type\":\"time\"}]\nlinux.timeOffsets = {\"realtime\":{\"secs\":1}}", "linux.timeOffsets has the clock \"realtime\", but only monotonic and boottime can be shifted")]
    [InlineData("linux.namespaces = [{\"type\":\"time\"}]\nlinux.timeOffsets = {\"boottime\":{\"nanosecs\":1000000000}}", "linux.timeOffsets.boottime.nanosecs is 1000000000, but must be less than a second, 1000000000")]
    // User namespaces.
    [InlineData("linux.uidMappings = []", "linux.uidMappings and linux.gidMappings are for a user namespace, but the container has none")]
    [InlineData("linux.namespaces = [{\"type\":\"user\"}]", "linux.uidMappings is absent or empty, but the container has a user namespace, which needs ids: add a range from 0, or give the namespace a path to join")]
    [InlineData(Namespaces + "\nlinux.uidMappings = [{\"containerID\":0,\"hostID\":1,\"size\":1}]", "linux.gidMappings is absent or empty")]
    [InlineData(Namespaces + "\nlinux.uidMappings = [{\"containerID\":1,\"hostID\":1,\"size\":1}]", "linux.uidMappings has no id for 0, but a container needs its root: add a range from 0")]
    [InlineData(Namespaces + "\nlinux.uidMappings = [{\"containerID\":0,\"hostID\":1,\"size\":0}]", "linux.uidMappings[0].size is 0, but a range has one id at least: set it, or remove the range")]
    [InlineData(Namespaces + "\nlinux.uidMappings = [{\"containerID\":0,\"hostID\":1,\"size\":4294967295}]", "linux.uidMappings[0] has 4294967295 ids from 0 inside and 1 outside, but there are none beyond 4294967294: make it smaller")]
    [InlineData(Namespaces + "\nlinux.uidMappings = [{\"containerID\":0,\"hostID\":0,\"size\":10},{\"containerID\":9,\"hostID\":20,\"size\":1}]", "linux.uidMappings[1] and linux.uidMappings[0] overlap inside, but an id can be mapped once: change containerID or size")]
    [InlineData(Namespaces + "\nlinux.uidMappings = [{\"containerID\":0,\"hostID\":5,\"size\":10},{\"containerID\":10,\"hostID\":0,\"size\":6}]", "linux.uidMappings[1] and linux.uidMappings[0] overlap outside, but an id can be mapped once: change hostID or size")]
    [InlineData(Namespaces + "\n" + Maps + "\nprocess.user = {\"uid\":10}", "process.user.uid is 10, which linux.uidMappings does not map, so that it is no id of the container's: add it there, or use one that is")]
    [InlineData(Namespaces + "\n" + Maps + "\nprocess.user = {\"gid\":10}", "process.user.gid is 10, which linux.gidMappings does not map")]
    [InlineData(Namespaces + "\n" + Maps + "\nprocess.user = {\"additionalGids\":[1,11]}", "process.user.additionalGids[1] is 11, which linux.gidMappings does not map")]
    // Mounts.
    [InlineData("mounts = [{\"destination\":\"\"}]", "mounts[0].destination is empty: set it to an absolute path inside the container")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"source\":\"\\u0000\"}]", "mounts[0].source holds a NUL byte")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"type\":\"\\u0000\"}]", "mounts[0].type holds a NUL byte")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"options\":[\"ro\",\"\\u0000\"]}]", "mounts[0].options[1] holds a NUL byte")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"rbind\",\"size=5\"]}]", "mounts[0].options[1] is \"size=5\", an option of a filesystem, but a bind mount at /a shows one that is mounted already: remove it")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]}]", "mounts[0] at /a has ids mapped, but is no bind mount")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"options\":[\"bind\",\"ridmap\"]}]", "mounts[0] at /a has the option idmap or ridmap, but no mappings, and there is no user namespace to take them from")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"options\":[\"bind\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}]", "mounts[0] at /a has ids mapped, but needs both uidMappings and gidMappings: add what is missing")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"options\":[\"bind\"],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]}]", "mounts[0].gidMappings[0].size is 0")]
    // Hooks.
    [InlineData("hooks.poststop = [{\"path\":\"/a\"},{\"path\":\"a\"}]", "hooks.poststop[1].path is \"a\", but must be the absolute path of a program")]
    [InlineData("hooks.prestart = [{\"path\":\"/a\",\"timeout\":0}]", "hooks.prestart[0].timeout is 0, but must be a second or more: raise it, or leave it out to wait for ever")]
    [InlineData("hooks.createRuntime = [{\"path\":\"/a\",\"timeout\":-1}]", "hooks.createRuntime[0].timeout is -1, but must be a second or more")]
    [InlineData("hooks.createContainer = [{\"path\":\"/a\",\"args\":[\"\\u0000\"]}]", "hooks.createContainer[0].args[0] holds a NUL byte")]
    [InlineData("hooks.startContainer = [{\"path\":\"/a\",\"env\":[\"\\u0000\"]}]", "hooks.startContainer[0].env[0] holds a NUL byte")]
    [InlineData("hooks.poststart = [{\"path\":\"/\\u0000\"}]", "hooks.poststart[0].path holds a NUL byte")]
    // Devices.
    [InlineData("linux.devices = [{\"path\":\"/dev/x\",\"type\":\"a\"}]", "linux.devices[0].type is \"a\", but must be one of c and u for a character device, b for a block device and p for a fifo")]
    [InlineData("linux.devices = [{\"path\":\"\",\"type\":\"c\"}]", "linux.devices[0].path is empty")]
    [InlineData("linux.devices = [{\"path\":\"/\\u0000\",\"type\":\"c\"}]", "linux.devices[0].path holds a NUL byte")]
    [InlineData("linux.devices = [{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":-1,\"minor\":0}]", "linux.devices[0] for /dev/x has the numbers -1:0, but they go from 0:0 to 4095:1048575")]
    [InlineData("linux.netDevices = {\"eth0\":{}}", "linux.netDevices has devices, but the container has no network namespace to move them to")]
    [InlineData(Namespaces + "\n" + Maps + "\nlinux.netDevices = {\"a/b\":{}}", "linux.netDevices has the device \"a/b\", which cannot be a name: it has up to 15 bytes, no '/', ':' and blanks, and is not '.' or '..'")]
    [InlineData(Namespaces + "\n" + Maps + "\nlinux.netDevices = {\"eth0\":{\"name\":\"0123456789abcdef\"}}", "linux.netDevices[\"eth0\"].name is \"0123456789abcdef\", which cannot be a name")]
    // Limits.
    [InlineData("linux.cgroupsPath = \"/a\\u0000\"", "linux.cgroupsPath holds a NUL byte")]
    [InlineData("linux.resources.devices = [{\"allow\":true,\"type\":\"p\",\"access\":\"r\"}]", "linux.resources.devices[0].type is \"p\", but must be one of a for all, b and c")]
    [InlineData("linux.resources.devices = [{\"allow\":true}]", "linux.resources.devices[0].access is absent or empty, but a rule is about some of r, w and m: add it")]
    [InlineData("linux.resources.devices = [{\"allow\":true,\"access\":\"rx\"}]", "linux.resources.devices[0].access is \"rx\", but is made of r for reading, w for writing and m for mknod")]
    [InlineData("linux.resources.memory = {\"swap\":5}", "linux.resources.memory.swap is 5, but it counts memory and swap together, and linux.resources.memory.limit is not set: set it too")]
    [InlineData("linux.resources.memory = {\"swap\":5,\"limit\":6}", "linux.resources.memory.swap is 5, but it counts memory and swap together, and linux.resources.memory.limit is 6 already")]
    [InlineData("linux.resources.memory = {\"swap\":5,\"limit\":-2}", "linux.resources.memory.limit is -2, but must be a number of bytes, or -1 for none")]
    [InlineData("linux.resources.hugepageLimits = [{\"pageSize\":\"64kB\",\"limit\":1}]", "linux.resources.hugepageLimits[0].pageSize is \"64kB\", but must be a number and KB, MB or GB, such as \"2MB\"")]
    [InlineData("linux.resources.hugepageLimits = [{\"pageSize\":\"../MB\",\"limit\":1}]", "linux.resources.hugepageLimits[0].pageSize is \"../MB\"")]
    [InlineData("linux.resources.unified = {\"../x\":\"1\"}", "linux.resources.unified has the file \"../x\", but must have names of the cgroup's own files, such as \"memory.high\"")]
    // Kernel parameters.
    [InlineData("linux.sysctl = {\"kernel.msgmax\":\"1\"}", "linux.sysctl has kernel.msgmax, but the container has no namespace of type \"ipc\", so that it would be the host's: add one to linux.namespaces, or remove the parameter")]
    [InlineData("linux.sysctl = {\"fs/mqueue/queues_max\":\"1\"}", "linux.sysctl has fs/mqueue/queues_max, but the container has no namespace of type \"ipc\"")]
    [InlineData("linux.sysctl = {\"net.core.somaxconn\":\"1\"}", "linux.sysctl has net.core.somaxconn, but the container has no namespace of type \"network\"")]
    [InlineData("linux.sysctl = {\"kernel.domainname\":\"1\"}", "linux.sysctl has kernel.domainname, but the container has no namespace of type \"uts\"")]
    [InlineData("linux.sysctl = {\"kernel.hostname\":\"1\"}", "linux.sysctl has kernel.hostname, but the host name has a member of its own: set hostname")]
    [InlineData("linux.sysctl = {\"user.max_user_namespaces\":\"1\"}", "linux.sysctl has user.max_user_namespaces, but the container has no namespace of type \"user\"")]
    [InlineData("linux.sysctl = {\"vm.swappiness\":\"1\"}", "linux.sysctl has vm.swappiness, which belongs to no namespace, so that it would be set for the whole host: set it there, or remove it")]
    [InlineData("linux.sysctl = {\"kernel.panic\":\"\\u0000\"}", "linux.sysctl[\"kernel.panic\"] holds a NUL byte")]
    // The machine.
    [InlineData("linux.personality = {\"domain\":\"BSD\"}", "linux.personality.domain is \"BSD\", but must be LINUX or LINUX32")]
    [InlineData("linux.intelRdt = {}", "linux.intelRdt is set, but this host's resctrl filesystem is not mounted")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_X\"}", "linux.memoryPolicy.mode is \"MPOL_X\", but must be one of MPOL_BIND, ")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", "linux.memoryPolicy.nodes is \"0\", but MPOL_LOCAL takes no nodes: remove it")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_BIND\"}", "linux.memoryPolicy.nodes is absent or empty, but MPOL_BIND needs one node at least: add it")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_BIND\",\"nodes\":\"x\"}", "linux.memoryPolicy.nodes is \"x\", but must be a list of numbers")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"F\"]}", "linux.memoryPolicy.flags[0] is \"F\", but must be one of MPOL_F_NUMA_BALANCING, ")]
    [InlineData("linux.seccomp = {\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}", "linux.seccomp.syscalls[0].action is SCMP_ACT_NOTIFY, but linux.seccomp.listenerPath, the socket of who is notified, is not set: set it")]
    public void What_cannot_be_run_is_refused(string members, string message) =>
        Assert.StartsWith(message, Assert.Throws<TareException>(() => Check(members)).Message);

    [Theory]
    [InlineData("")]
    [InlineData("ociVersion = \"1.0.2-dev\"")]
    [InlineData("ociVersion = \"1.9.7-rc.1+build.5\"")]
    [InlineData("root.path = \"/abs/../rootfs\"")]
    [InlineData("process.env = [\"A=\",\"B=c=d\",\"A=again\"]")]
    [InlineData("process.rlimits = [{\"type\":\"RLIMIT_NOFILE\",\"soft\":18446744073709551615,\"hard\":18446744073709551615},{\"type\":\"RLIMIT_STACK\",\"soft\":0,\"hard\":0}]")]
    [InlineData("process.oomScoreAdj = -1000")]
    [InlineData("process.selinuxLabel = \"\"\nprocess.apparmorProfile = \"\"")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_RR\",\"priority\":99,\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"],\"nice\":77}")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":3,\"priority\":0}")]
    [InlineData("process.scheduler = {\"policy\":\"SCHED_OTHER\",\"nice\":19,\"period\":0}")]
    [InlineData("process.ioPriority = {\"class\":\"IOPRIO_CLASS_IDLE\"}")]
    [InlineData("process.execCPUAffinity = {\"initial\":\" 0-3 , 7,,65536\",\"final\":\"\"}")]
    [InlineData("hostname = \"\"")]
    [InlineData("hostname = \"h\"\ndomainname = \"d\"\nlinux.namespaces = [{\"type\":\"uts\",\"path\":\"/proc/1/ns/uts\"}]")]
    [InlineData("linux.maskedPaths = []")]
    [InlineData("linux.maskedPaths = [\"/proc/kcore\"]\nlinux.namespaces = [{\"type\":\"mount\",\"path\":\"/m\"}]")]
    [InlineData("linux.rootfsPropagation = \"runbindable\"")]
    [InlineData(Namespaces + "\n" + Maps)]
    [InlineData(Namespaces + "\n" + Maps + "\nlinux.timeOffsets = {\"monotonic\":{\"secs\":-5,\"nanosecs\":999999999}}")]
    [InlineData(Namespaces + "\n" + Maps + "\nprocess.user = {\"uid\":9,\"gid\":9,\"additionalGids\":[0,9]}")]
    [InlineData(Namespaces + "\n" + Maps + "\nlinux.sysctl = {\"kernel.shm_rmid_forced\":\"1\",\"fs.mqueue.msg_max\":\"1\",\"net.ipv4.ip_forward\":\"1\",\"net/ipv4/conf/eno2.100/rp_filter\":\"1\",\"kernel.domainname\":\"d\",\"user.max_user_namespaces\":\"1\"}")]
    [InlineData(Namespaces + "\n" + Maps + "\nlinux.netDevices = {\"eth0\":{\"name\":\"net%d\"},\"0123456789abcde\":{}}")]
    [InlineData(Namespaces + "\n" + Maps + "\nmounts = [{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\",\"idmap\"]}]")]
    [InlineData("linux.namespaces = [{\"type\":\"user\",\"path\":\"/u\"}]\nprocess.user = {\"uid\":4000000000}")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"source\":\"b\",\"type\":\"ext4\",\"options\":[\"bind\",\"ro\",\"rro\",\"rnosymfollow\",\"rprivate\",\"defaults\",\"tmpcopyup\"]}]")]
    [InlineData("mounts = [{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"size=5m\",\"uid=77\",\"unknown\"]}]")]
    [InlineData("mounts = [{\"destination\":\"/a\",\"options\":[\"rbind\"],\"uidMappings\":[{\"containerID\":5,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":5,\"hostID\":1,\"size\":1}]}]")]
    [InlineData("hooks.prestart = [{\"path\":\"/a\",\"timeout\":1}]\nhooks.poststop = []")]
    [InlineData("linux.devices = [{\"path\":\"/dev/x\",\"type\":\"u\",\"major\":4095,\"minor\":1048575},{\"path\":\"/dev/p\",\"type\":\"p\",\"major\":-1}]")]
    [InlineData("linux.cgroupsPath = \"../x\"")]
    [InlineData("linux.resources.devices = [{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"\",\"access\":\"m\"},{\"allow\":true,\"type\":\"a\",\"major\":-1,\"access\":\"r\"}]")]
    [InlineData("linux.resources.memory = {\"swap\":-1}")]
    [InlineData("linux.resources.memory = {\"swap\":0}")]
    [InlineData("linux.resources.memory = {\"swap\":5,\"limit\":5}")]
    [InlineData("linux.resources.memory = {\"swap\":5,\"limit\":-1}")]
    [InlineData("linux.resources.hugepageLimits = [{\"pageSize\":\"2MB\",\"limit\":1},{\"pageSize\":\"1GB\",\"limit\":1},{\"pageSize\":\"64KB\",\"limit\":1}]")]
    [InlineData("linux.resources.unified = {\"memory.high\":\"1\",\"hugetlb.2MB.max\":\"0\"}")]
    [InlineData("linux.personality = {\"domain\":\"LINUX32\"}")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_PREFERRED\"}")]
    [InlineData("linux.memoryPolicy = {\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0-1\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}")]
    [InlineData("linux.seccomp = {\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/s\",\"syscalls\":[{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}")]
    public void What_can_be_run_is_accepted_without_a_word(string members) => Assert.Empty(Check(members));

    [Theory]
    [InlineData("mounts = [{\"destination\":\"a/b\"}]", "mounts[0].destination is \"a/b\" and taken for \"/a/b\": a relative path is deprecated")]
    [InlineData("linux.devices = [{\"path\":\"dev/x\",\"type\":\"c\",\"major\":1}]", "linux.devices[0].path is \"dev/x\" and taken for \"/dev/x\": it should be absolute")]
    [InlineData("linux.devices = [{\"path\":\"/x\",\"type\":\"c\",\"major\":1},{\"path\":\"/x\",\"type\":\"c\",\"major\":2}]", "linux.devices[1] is not the first for /x, and the first one is made")]
    [InlineData("linux.resources.memory = {\"kernel\":5}", "linux.resources.memory.kernel and kernelTCP are ignored: no kernel limits them apart any more")]
    [InlineData("linux.personality = {\"domain\":\"LINUX\",\"flags\":[\"A\",\"B\"]}", "linux.personality.flags is ignored, as no flag is defined: A, B")]
    [InlineData("process.capabilities = {\"bounding\":[\"CAP_KILL\",\"KILL\"],\"ambient\":[\"CAP_NEW\",\"KILL\",\"CAP_BPF\"]}", "capabilities that are unknown or that this kernel does not have are ignored: CAP_BPF, CAP_NEW, KILL")]
    [InlineData("linux.namespaces = [{\"type\":\"user\",\"path\":\"/u\"}]\n" + Maps, "linux.uidMappings and linux.gidMappings are ignored: the user namespace that is joined has its own")]
    public void What_is_ignored_is_said(string members, string warning) =>
        Assert.Equal([warning], Check(members, new SpecContext { LastCapability = 38 }));

    [Fact]
    public void A_name_is_as_long_as_the_kernel_keeps_it()
    {
        const string Uts = "\nlinux.namespaces = [{\"type\":\"uts\"}]";
        Assert.Empty(Check($"hostname = \"{new string('h', 64)}\"{Uts}"));
        Assert.Equal(
            "domainname is longer than 64 bytes, the most that the kernel keeps: shorten it",
            Assert.Throws<TareException>(() => Check($"domainname = \"{new string('ä', 33)}\"{Uts}")).Message);
    }

    [Fact]
    public void Sentences_have_no_control_characters_and_an_end()
    {
        Assert.Equal("process.cwd is \"a?b??\", but must be an absolute path inside the container", Assert.Throws<TareException>(() => Check("process.cwd = \"a\\u001bb\\u009b\\n\"")).Message);
        Assert.StartsWith("mounts[0].destination is \"a?b\" and taken", Assert.Single(Check("mounts = [{\"destination\":\"a\\nb\"}]")));
        var message = Assert.Throws<TareException>(() => Check($"process.cwd = \"{new string('x', 100_000)}\"")).Message;
        Assert.InRange(message.Length, 100, 1000);
        Assert.EndsWith("xxx\", but must be an absolute path inside the container", message);
    }

    [Fact]
    public void More_ranges_than_the_kernel_takes_are_refused()
    {
        var ranges = string.Join(",", Enumerable.Range(0, 341).Select(static i => $"{{\"containerID\":{i},\"hostID\":{i},\"size\":1}}"));
        Assert.StartsWith(
            "linux.uidMappings has 341 ranges, but the kernel takes 340 at most",
            Assert.Throws<TareException>(() => Check($"{Namespaces}\nlinux.uidMappings = [{ranges}]")).Message);
    }

    [Fact]
    public void What_the_kernel_lacks_is_not_implemented()
    {
        foreach (var (type, context) in new[]
        {
            ("user", new SpecContext { UserNamespaces = false }), ("cgroup", new SpecContext { CgroupNamespaces = false }), ("time", new SpecContext { TimeNamespaces = false }),
        })
        {
            var refused = Assert.Throws<TareException>(() => Check($"linux.namespaces = [{{\"type\":\"{type}\"}}]", context));
            Assert.Equal(ErrorKind.NotImplemented, refused.Kind);
            Assert.Equal($"linux.namespaces has one of type \"{type}\", which this kernel does not support: remove it", refused.Message);
        }
    }

    [Fact]
    public void The_host_decides_about_labels_limits_and_resctrl()
    {
        Assert.Empty(Check("process.selinuxLabel = \"l\"\nprocess.apparmorProfile = \"p\"", new SpecContext { Selinux = true, AppArmor = true }));
        Refused("linux.resources.unified = {\"a\":\"b\"}", "linux.resources.unified is for cgroup v2", new SpecContext { UnifiedCgroups = false });
        Assert.Empty(Check("linux.resources.memory = {\"swap\":5,\"limit\":6}", new SpecContext { UnifiedCgroups = false }));
        Refused("linux.cgroupsPath = \"/a\"", "linux.cgroupsPath is \"/a\", but with systemd it has the form slice:prefix:name", new SpecContext { SystemdCgroups = true });
        Assert.Empty(Check("linux.cgroupsPath = \"system.slice:tare:a\"", new SpecContext { SystemdCgroups = true }));
        Refused("linux.rootfsPropagation = \"rprivate\"", "linux.rootfsPropagation is \"rprivate\", which is not safe without pivot_root", new SpecContext { NoPivotRoot = true });
        Assert.Empty(Check("linux.rootfsPropagation = \"rslave\"", new SpecContext { NoPivotRoot = true }));

        var resctrl = new SpecContext { IntelRdt = true };
        Assert.Empty(Check("linux.intelRdt = {\"closID\":\"/\",\"schemata\":[\"L3:0=f\"],\"enableMonitoring\":true}", resctrl));
        Refused("linux.intelRdt = {\"closID\":\"a/b\"}", "linux.intelRdt.closID is \"a/b\"", resctrl);
        Refused("linux.intelRdt = {\"closID\":\"..\"}", "linux.intelRdt.closID is \"..\"", resctrl);
        Refused("linux.intelRdt = {\"l3CacheSchema\":\"L3:0=f\"}", "linux.intelRdt.l3CacheSchema is set", resctrl);
        Refused("linux.intelRdt = {\"memBwSchema\":\"MB:0=1\"}", "linux.intelRdt.memBwSchema is set", resctrl);
        Assert.Empty(Check("linux.intelRdt = {\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=1\"}", resctrl with { IntelRdtCache = true, IntelRdtBandwidth = true }));
    }

    [Fact]
    public void The_parameters_of_a_joined_network_are_not_the_hosts()
    {
        const string Joined = "linux.namespaces = [{\"type\":\"network\",\"path\":\"/n\"}]\nlinux.sysctl = {\"net.core.somaxconn\":\"1\"}";
        Assert.Empty(Check(Joined));
        Refused(Joined, "linux.sysctl has net.core.somaxconn, but the network namespace that is joined is the host's", new SpecContext { JoinsOwnNetwork = true });
    }

    [Fact]
    public void A_joined_user_namespace_has_its_own_ids()
    {
        var context = new SpecContext { JoinedUidMappings = [new LinuxIdMapping(0, 1000, 10)], JoinedGidMappings = [new LinuxIdMapping(0, 1000, 10)] };
        const string Joins = "linux.namespaces = [{\"type\":\"user\",\"path\":\"/u\"}]";
        Assert.Empty(Check(Joins, context));
        Assert.Single(Check(Joins + "\n" + Maps, context));
        Refused(Joins + "\nlinux.uidMappings = [{\"containerID\":0,\"hostID\":1,\"size\":10}]", "linux.uidMappings and linux.gidMappings are not those of the user namespace that is joined", context);
        Refused(Joins + "\nprocess.user = {\"uid\":10}", "process.user.uid is 10, which linux.uidMappings does not map", context);
    }

    [Fact]
    public void Without_root_less_can_be_done()
    {
        var rootless = new SpecContext { Rootless = true };
        Refused("", "linux.namespaces has no user namespace, without which a user who is not root cannot run a container", rootless);
        Assert.Empty(Check(Namespaces + "\n" + Maps, rootless));
        Assert.Empty(SpecValidator.Check(ExampleSpec.CreateRootless(unifiedCgroups: true, 1000, 1000), rootless));
        Refused(Namespaces + "\n" + Maps + "\nmounts = [{\"destination\":\"/a\",\"options\":[\"gid=10\"]}]", "mounts[0].options[0] is \"gid=10\", but the user namespace does not map this id", rootless);
        Assert.Empty(Check(Namespaces + "\n" + Maps + "\nmounts = [{\"destination\":\"/a\",\"options\":[\"gid=9\",\"uid=x\"]}]", rootless));
        Refused(Namespaces + "\n" + Maps + "\nmounts = [{\"destination\":\"/a\",\"options\":[\"bind\",\"idmap\"]}]", "mounts[0] at /a has ids mapped, which a user who is not root cannot do", rootless);
        Refused(Namespaces + "\n" + Maps + "\nlinux.netDevices = {\"eth0\":{}}", "linux.netDevices has devices, which a user who is not root cannot move", rootless);
        Refused(Namespaces + "\n" + Maps + "\nprocess.user = {\"additionalGids\":[7]}", "process.user.additionalGids has groups, which a user who is not root cannot set: remove it", rootless);
        Assert.Empty(Check(Namespaces + "\n" + Maps + "\nprocess.user = {\"additionalGids\":[]}", rootless));
        Assert.StartsWith(
            "user.additionalGids has groups",
            Assert.Throws<TareException>(() => SpecValidator.CheckProcess(new ProcessSpec { Cwd = "/", Args = ["a"], User = new UserSpec { AdditionalGids = [7] } }, rootless)).Message);
    }

    [Fact]
    public void The_examples_are_valid() => Assert.Empty(SpecValidator.Check(ExampleSpec.Create(unifiedCgroups: true), new SpecContext()));

    [Fact]
    public void A_process_and_limits_are_checked_by_themselves()
    {
        Assert.Empty(SpecValidator.CheckProcess(new ProcessSpec { Cwd = "/", Args = ["a"] }, new SpecContext()));
        Assert.StartsWith("args is absent or empty", Assert.Throws<TareException>(() => SpecValidator.CheckProcess(new ProcessSpec { Cwd = "/" }, new SpecContext())).Message);
        Assert.StartsWith(
            "memory.swap is 5, but it counts memory and swap together, and memory.limit is not set",
            Assert.Throws<TareException>(() => SpecValidator.CheckResources(new LinuxResources { Memory = new LinuxMemory { Swap = 5 } }, new SpecContext())).Message);
        Assert.Single(SpecValidator.CheckResources(new LinuxResources { Memory = new LinuxMemory { KernelTcp = 5 } }, new SpecContext()));
    }

    private static void Refused(string members, string message, SpecContext context) =>
        Assert.StartsWith(message, Assert.Throws<TareException>(() => Check(members, context)).Message);

    private static IReadOnlyList<string> Check(string members, SpecContext? context = null)
    {
        var document = JsonNode.Parse(Documents.Minimal)!;
        foreach (var line in members.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (path, value) = (line[..line.IndexOf(" = ", StringComparison.Ordinal)].Split('.'), JsonNode.Parse(line[(line.IndexOf(" = ", StringComparison.Ordinal) + 3)..]));
            var parent = document;
            foreach (var name in path[..^1]) parent = parent[name] ??= new JsonObject();
            parent[path[^1]] = value;
        }

        return SpecValidator.Check(SpecReader.Read(Encoding.UTF8.GetBytes(document.ToJsonString()), "config.json"), context ?? new SpecContext());
    }
}
