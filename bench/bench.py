#!/usr/bin/env python3
"""Measures Tare, and docker, podman, crun and runc beside it when PEERS points at a reference set-up, in one alternating run.

PEERS is a folder with `innet`, an executable that runs a command in the system where dockerd (at the DOCKER_HOST that it
sets) and podman are; the host's root is /host there. Without it only Tare is measured, and ratios are left open.
See README.md beside this file for what is measured and how.
"""
import argparse
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import images
import networks
import registry
from memory import children_of, pss_kib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARE = os.path.join(ROOT, "artifacts", "tare")
IMAGE = "tare-bench/busybox:latest"
IDLE = 20
PARTS = ("verbs", "networks", "images", "server", "oci")

# Runs beside the engine that it measures: reads one JSON command a line, answers with its wall time in milliseconds.
WORKER = r"""
import json, os, sys, time
null = os.open(os.devnull, os.O_RDWR)
err = os.open(os.environ.get("TMPDIR", "/tmp") + "/bench-err-%d" % os.getpid(), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
os.unlink(os.environ.get("TMPDIR", "/tmp") + "/bench-err-%d" % os.getpid())
actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
for line in sys.stdin:
    command = json.loads(line)
    os.ftruncate(err, 0)
    os.lseek(err, 0, 0)
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = (time.perf_counter() - start) * 1e3
    os.lseek(err, 0, 0)
    print(json.dumps([took, os.waitstatus_to_exitcode(status), os.read(err, 4000).decode(errors="replace")]), flush=True)
"""


class Engine:
    def __init__(self, name, client, prefix=(), environment=None, path=lambda p: p, writable=lambda p: p):
        """path: a file here as the client sees it; writable: one that it may write."""
        self.name, self.client, self.path, self.writable = name, client, path, writable
        self.prefix, self.environment = list(prefix), {**os.environ, **(environment or {})}
        self.worker = subprocess.Popen([*prefix, "python3", "-u", "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       env=self.environment)

    def time(self, *arguments):
        """Runs a client command and returns its milliseconds; it must succeed."""
        return self.time_program(self.client, *arguments)

    def time_program(self, *arguments):
        self.worker.stdin.write(json.dumps(arguments) + "\n")
        self.worker.stdin.flush()
        took, code, error = json.loads(self.worker.stdout.readline())
        if code != 0:
            raise RuntimeError(f"{self.name} {' '.join(arguments)}: exit code {code}: {error.strip()}")
        return took

    def ask(self, *arguments):
        return self.ask_program(*self.prefix, self.client, *arguments)

    def ask_program(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True).stdout.strip()

    def quietly(self, *arguments):
        try:
            self.time(*arguments)
        except RuntimeError:
            pass

    def close(self):
        self.worker.stdin.close()
        self.worker.wait()


class Tare(Engine):
    def __init__(self, folder, network=None):
        """network: a file of the network namespace that the daemon runs in, so that it reaches the same registry as its peers."""
        self.folder = folder
        self.socket = os.path.join(folder, "tare.sock")
        self.log = open(os.path.join(folder, "daemon.log"), "w")
        self.daemon = subprocess.Popen(
            [*(["nsenter", f"--net={network}"] if network else []), TARE, "daemon", "-H", f"unix://{self.socket}", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/run", "--pidfile", f"{folder}/pid"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        super().__init__("tare", TARE, environment={"DOCKER_HOST": f"unix://{self.socket}"})
        deadline = time.monotonic() + 20
        while subprocess.run([TARE, "version"], env=self.environment, capture_output=True).returncode != 0:
            if time.monotonic() > deadline or self.daemon.poll() is not None:
                raise RuntimeError("the daemon does not answer:\n" + open(self.log.name).read())
            time.sleep(0.05)

    def memory(self):
        return sum(pss_kib(pid) for pid in [self.daemon.pid, *self.keepers()])

    def keepers(self):
        """The keeper lives in a session of its own; it is known by its role and exec root."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = open(f"/proc/{pid}/cmdline").read().split("\0")
            except OSError:
                continue
            if "keeper" in words and any(self.folder in word for word in words):
                yield int(pid)

    def close(self):
        # Containers outlive the daemon, also those of a measurement that has failed.
        left = self.ask("ps", "-aq").split()
        if left:
            self.quietly("rm", "-f", *left)
        super().close()
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(20)
        for pid in self.keepers():
            os.kill(pid, signal.SIGTERM)


class Docker(Engine):
    def __init__(self, peers):
        host = subprocess.run([f"{peers}/innet", "printenv", "DOCKER_HOST"], capture_output=True, text=True, check=True).stdout.strip()
        # The fastest client there is: a statically linked one on this system, when it reaches the socket.
        client = shutil.which("docker")
        static = client and b"/ld-linux" not in open(client, "rb").read(4096)
        if client and os.path.exists(host.removeprefix("unix://")):
            super().__init__("docker", client, environment={"DOCKER_HOST": host, "DOCKER_CLI_HINTS": "false"})
        else:
            super().__init__("docker", "docker", prefix=[f"{peers}/innet"], path=lambda p: "/host" + p, writable=lambda p: "/tmp/" + os.path.basename(p))
        self.note = f"client {'static ' if static else ''}{self.ask('version', '--format', '{{.Client.Version}}, server {{.Server.Version}}')}"

    def memory(self):
        """dockerd with its containerd and shims: dockerd's tree, without what runs in containers."""
        pidfile_holders = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if comm(pid) == "dockerd"]
        total = 0
        for pid in pidfile_holders:
            total += pss_kib(int(pid)) + sum(pss_kib(child) for child in children_of(int(pid)) if comm(child).startswith(("containerd", "docker")))
        # A shim is its own session's parent; it is reparented to init.
        return total + sum(pss_kib(int(pid)) for pid in filter(str.isdigit, os.listdir("/proc")) if comm(pid).startswith("containerd-shim"))


class Podman(Engine):
    def __init__(self, peers):
        super().__init__("podman", "podman", prefix=[f"{peers}/innet"], path=lambda p: "/host" + p, writable=lambda p: "/tmp/" + os.path.basename(p))
        self.note = self.ask("--version")

    def memory(self):
        return sum(pss_kib(int(pid)) for pid in filter(str.isdigit, os.listdir("/proc")) if comm(pid) == "conmon")


def comm(pid):
    try:
        return open(f"/proc/{pid}/comm").read().strip()
    except OSError:
        return ""


def quiet(limit=1.5):
    """Waits, for a while, for a window in which the machine is nearly idle: other work would be measured with ours."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = cpu()
        time.sleep(0.1)
        after = cpu()
        if after[0] - before[0] >= 0.85 * (after[1] - before[1]):
            return


def cpu():
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def alternate(engines, runs, command, before=None, after=None, warm=2):
    """Medians and minima of a command, the engines taking turns."""
    times = {engine.name: [] for engine in engines}
    for turn in range(runs + warm):
        for engine in engines:
            if before:
                before(engine)
            quiet()
            took = engine.time(*command(engine))
            if after:
                after(engine)
            if turn >= warm:
                times[engine.name].append(took)
    return times


class Table:
    def __init__(self, engines):
        self.names = [engine.name for engine in engines]
        self.rows = [["", *self.names, "docker/tare", "target", "met"]]
        self.missed = 0

    def add(self, what, values, target, show, wanted=None):
        """values: per engine name, numbers whose median counts. target: as text; wanted: of (ratio, tare's median) whether it is met."""
        medians = {name: statistics.median(numbers) for name, numbers in values.items()}
        ratio = medians["docker"] / medians["tare"] if "docker" in medians else None
        verdict = "" if wanted is None else wanted(ratio, medians["tare"])
        verdict = {True: "yes", False: "NO", None: "open", "": ""}[verdict]
        self.missed += verdict == "NO"
        cells = [show(values[name]) if name in values else "" for name in self.names]
        self.rows.append([what, *cells, f"{ratio:.1f}x" if ratio else "", target, verdict])

    def print(self):
        print_rows(self.rows)


def print_rows(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))).rstrip())


def milliseconds(numbers):
    return f"{statistics.median(numbers):.1f} ms (min {min(numbers):.1f})"


def kib(numbers):
    return f"{statistics.median(numbers):,.0f} KiB"


def at_least(times):
    return lambda ratio, _: None if ratio is None else ratio >= times


def measure(engines, table, scale):
    runs = max(3, int(30 * scale))
    none = ["--network", "none"]
    table.add("(a static program that does nothing)", {"tare": [quiet() or engines[0].time_program(shutil.which("busybox"), "true") for _ in range(runs)]}, "", milliseconds)
    table.add("start of an empty verb (--version)", alternate(engines, runs * 2, lambda e: ["--version"]), "tare <= 3 ms", milliseconds, lambda _, tare: tare <= 3)
    table.add("run --rm --network none IMAGE true", alternate(engines, runs, lambda e: ["run", "--rm", *none, IMAGE, "true"]), ">= 15x", milliseconds, at_least(15))
    for engine in engines:
        engine.time("run", "-d", "--name", "bench-exec", *none, IMAGE, "sleep", "100000")
    table.add("exec CONTAINER true", alternate(engines, runs * 2, lambda e: ["exec", "bench-exec", "true"]), ">= 8x", milliseconds, at_least(8))
    for engine in engines:
        engine.time("rm", "-f", *(["-t", "0"] if engine.name == "podman" else []), "bench-exec")

    empty, full = {}, {}
    for engine in engines:
        empty[engine.name] = settled(engine)
        for number in range(IDLE):
            engine.time("run", "-d", "--name", f"bench-{number}", *none, IMAGE, "sleep", "100000")
        full[engine.name] = settled(engine)
        engine.time("rm", "-f", *(["-t", "0"] if engine.name == "podman" else []), *[f"bench-{number}" for number in range(IDLE)])
    table.add(f"memory (PSS) with {IDLE} idle containers", {name: [value] for name, value in full.items()}, ">= 5x", kib, at_least(5))
    table.add("  of it for each container", {name: [(full[name] - empty[name]) / IDLE] for name in full}, "tare < 100 KiB", kib, lambda _, tare: tare < 100)


def settled(engine):
    """Memory when it has come to rest: the smallest of some readings."""
    readings = []
    for _ in range(8):
        time.sleep(0.5)
        readings.append(engine.memory())
    return min(readings)


def measure_oci(peers, scale):
    """Tare as an OCI runtime, beside crun and runc in the peers' system when there is one. Returns how many targets are missed."""
    script, tare = os.path.join(ROOT, "bench", "oci.py"), shlex.quote(TARE)
    copied = os.path.join(peers, "sid", "opt", "tare-bench") if peers else None
    if copied:
        # Beside the others: a program that is executed from another filesystem, through a bind mount, starts 0.3 ms later.
        shutil.copy(TARE, copied)
        command = [f"{peers}/innet", "python3", "/host" + script]
        runtimes = ["tare=/opt/tare-bench oci --root /run/tare-bench-oci", "crun=crun", "runc=runc"]
    else:
        command, runtimes = ["python3", script], [f"tare={tare} oci --root /run/tare-bench-oci"]
    try:
        told = subprocess.run([*command, "--runs", str(max(3, int(40 * scale))), *runtimes], stdout=subprocess.PIPE, text=True, check=True).stdout
    finally:
        if copied:
            os.unlink(copied)
    figures = json.loads(told.splitlines()[-1])
    names = list(figures["run"])
    rows = [["OCI runtime", *names, "tare/crun", "tare/runc", "target", "met"]]
    rows.append(["(unshare of the same namespaces and exec)", milliseconds(figures["floor"]["unshare"])])
    missed = 0

    def add(what, key, show, target, wanted):
        nonlocal missed
        medians = {name: statistics.median(numbers) for name, numbers in figures[key].items()}
        ratios = [medians["tare"] / medians[peer] if peer in medians else None for peer in ("crun", "runc")]
        met = None if None in ratios else wanted(medians, *ratios)
        missed += met is False
        shown = [f"{ratio:.2f}x" if ratio else "" for ratio in ratios]
        rows.append([what, *(show(figures[key][name]) for name in names), *shown, target, {True: "yes", False: "NO", None: "open"}[met]])

    add("run of a bundle", "run", milliseconds, "<= 0.5x crun, 0.33x runc", lambda medians, crun, runc: crun <= 0.5 and runc <= 0.33)
    add("create + start + delete", "lifecycle", milliseconds, "<= 0.5x crun", lambda medians, crun, runc: crun <= 0.5)
    add("peak memory of run", "memory", kib, "< crun + 4096 KiB", lambda medians, crun, runc: medians["tare"] < medians["crun"] + 4096)
    print_rows([row + [""] * (len(rows[0]) - len(row)) for row in rows])
    return missed


def dockerd_network():
    """The network namespace of the peers' dockerd."""
    return next((f"/proc/{pid}/ns/net" for pid in filter(str.isdigit, os.listdir("/proc")) if comm(pid) == "dockerd"), None)


def measure_registry(engines, table, folder, peers, scale):
    """Transfers go through the peers' registry (REGISTRY, as they reach it), or through one of our own."""
    address, own = os.environ.get("REGISTRY", "127.0.0.1:5000"), None
    if not peers:
        address = "127.0.0.1:5996"
        own = registry.Server("own registry", [TARE, "registry", "serve", "--listen", address, "--root", f"{folder}/transfers"], address, folder)

    def timed(engine, *arguments):
        quiet()
        return engine.time(*arguments)

    try:
        registry.measure_transfers(engines, table, folder, address, scale, timed)
        registry.measure_memory(engines[0], table, folder, address)
    finally:
        if own:
            own.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=float(os.environ.get("SCALE", "1")), help="of the number of runs")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=os.environ.get("ONLY", "").split() or PARTS, help="parts to measure")
    given = parser.parse_args()
    scale = given.scale
    peers = os.environ.get("PEERS", "")
    folder = tempfile.mkdtemp(prefix="tare-bench-")
    engines = []
    try:
        engines.append(Tare(folder, dockerd_network() if peers else None))
        if peers:
            engines += [Docker(peers), Podman(peers)]
            print("beside tare: " + "; ".join(f"{engine.name} ({engine.note})" for engine in engines[1:]))
        else:
            print("only tare is measured: PEERS does not point at a reference set-up, so ratios are left open")
        archive = os.path.join(folder, "busybox.tar")
        images.busybox(archive, IMAGE)
        for engine in engines:
            engine.time("load", "-q", "-i", engine.path(archive))
        table = Table(engines)
        if "verbs" in given.only:
            measure(engines, table, scale)
        if "networks" in given.only:
            tools = os.path.join(folder, "tools.tar")
            images.busybox(tools, networks.TOOLS, networks.programs(TARE))
            for engine in engines:
                if engine.name != "podman":
                    engine.time("load", "-q", "-i", engine.path(tools))
            networks.measure(engines, table, IMAGE, scale, alternate, milliseconds, at_least, ["nsenter", f"--net={dockerd_network()}"] if peers else [])
        if "images" in given.only:
            measure_registry(engines, table, folder, peers, scale)
        table.print()
        if "server" in given.only:
            print()
            table.missed += registry.measure_server(TARE, folder, scale, print_rows)
        if "oci" in given.only:
            print()
            table.missed += measure_oci(peers, scale)
        load = os.getloadavg()[0]
        print(f"medians of alternating runs, whole commands; {os.cpu_count()} CPUs, load {load:.1f}")
        if table.missed:
            print(f"{table.missed} target(s) missed; bench/README.md says why where it is known")
    finally:
        for engine in reversed(engines):
            engine.quietly("rmi", "-f", IMAGE)
            engine.quietly("rmi", "-f", networks.TOOLS)
            engine.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
