#!/usr/bin/env python3
"""Times OCI runtimes, turn by turn, in the system that it is run in: oci.py [--runs N] NAME=COMMAND [NAME=COMMAND ...]

Each COMMAND is a runtime called as runc is, such as `tare=/usr/bin/tare oci --root /run/bench`. Prints a JSON object of lists of
milliseconds by figure and runtime, and of peak memory in KiB. The bundle is a static busybox `true` in new pid, network, ipc, uts and
mount namespaces, the configuration the one that the runtimes themselves write for a new bundle. The peak is that of the resident set of
`run` (VmHWM of proc_pid_status(5)), looked at while the container runs.
"""
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
BUSYBOX = shutil.which("busybox") or "/bin/busybox"


def mount(destination, kind, source, *options):
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def configuration(name, *command):
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0}, "args": list(command), "env": ["PATH=/bin"], "cwd": "/", "noNewPrivileges": True,
            "capabilities": {"bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "bench",
        "mounts": [
            mount("/proc", "proc", "proc"),
            mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
            mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
            mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        ],
        "linux": {
            "cgroupsPath": f"/tare-bench/{name}",
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
            "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def spawn(*command):
    """Runs a command; its milliseconds."""
    null = os.open(os.devnull, os.O_RDWR)
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)])
    _, status = os.waitpid(pid, 0)
    took = (time.perf_counter() - start) * 1e3
    os.close(null)
    if status != 0:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stderr.strip()
        sys.exit(f"{' '.join(command)} failed (status {status}): {said}")
    return took


def peak(*command):
    """Runs a container that says again what it is told; the peak of the runtime's memory in KiB."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"here\n")
        process.stdin.flush()
        if process.stdout.readline() != b"here\n":
            sys.exit(f"{' '.join(command)} failed")
        with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
            most = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        process.stdin.close()
    return most


def quiet():
    """Waits up to 1.5 s until the machine is nearly idle."""
    def busy():
        return sum(int(field) for index, field in enumerate(open("/proc/stat").readline().split()[1:9]) if index not in (3, 4))
    for _ in range(15):
        before = busy()
        time.sleep(0.1)
        if busy() - before <= 3:
            return


def main():
    arguments = sys.argv[1:]
    runs = 40
    if arguments[:1] == ["--runs"]:
        runs, arguments = int(arguments[1]), arguments[2:]
    runtimes = {name: shlex.split(command) for name, command in (argument.split("=", 1) for argument in arguments)}
    folder = tempfile.mkdtemp(prefix="tare-bench-oci-")
    figures = {"floor": {"unshare": []}, "run": {}, "lifecycle": {}, "memory": {}}
    try:
        root = os.path.join(folder, "rootfs", "bin")
        for directory in ("bin", "proc", "dev", "sys"):
            os.makedirs(os.path.join(folder, "rootfs", directory), exist_ok=True)
        for program in ("true", "cat"):
            shutil.copy(BUSYBOX, os.path.join(root, program))
        bundles = {}
        for name in runtimes:
            for program in ("true", "cat"):
                bundles[name, program] = os.path.join(folder, f"{name}-{program}")
                os.makedirs(bundles[name, program])
                document = configuration(name, "/bin/" + program)
                document["root"]["path"] = os.path.join(folder, "rootfs")
                with open(os.path.join(bundles[name, program], "config.json"), "w", encoding="utf-8") as file:
                    json.dump(document, file)
        for turn in range(runs + 3):
            quiet()
            took = spawn("unshare", "-mpuinf", os.path.join(root, "true"))
            if turn >= 3:
                figures["floor"]["unshare"].append(took)
            for name, command in runtimes.items():
                took = spawn(*command, "run", "--bundle", bundles[name, "true"], f"bench-{name}")
                start = time.perf_counter()
                spawn(*command, "create", "--bundle", bundles[name, "true"], f"bench-{name}")
                spawn(*command, "start", f"bench-{name}")
                spawn(*command, "delete", "--force", f"bench-{name}")
                life = (time.perf_counter() - start) * 1e3
                if turn >= 3:
                    figures["run"].setdefault(name, []).append(took)
                    figures["lifecycle"].setdefault(name, []).append(life)
        for _ in range(3):
            for name, command in runtimes.items():
                figures["memory"].setdefault(name, []).append(peak(*command, "run", "--bundle", bundles[name, "cat"], f"bench-{name}"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for hierarchy in os.listdir("/sys/fs/cgroup"):
            try:
                os.rmdir(f"/sys/fs/cgroup/{hierarchy}/tare-bench")
            except OSError:
                continue
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
