"""Images between engines and registries: load, push, save and pull of an image in five layers; memory of the daemon; and the registry server."""
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

import images

REPOSITORY = "tare-bench/moved"


def measure_transfers(engines, table, folder, registry, scale, alternate_once):
    """Each turn of each run has an image of its own, so that no engine and no registry has met its layers before."""
    run = time.time_ns()
    times = {step: {engine.name: [] for engine in engines} for step in ("load", "push", "save", "pull", "changed")}
    runs = max(3, int(5 * scale))
    for turn in range(runs + 1):
        archive, changed = os.path.join(folder, "moved.tar"), os.path.join(folder, "changed.tar")
        name = f"{registry}/{REPOSITORY}:{turn}"
        images.large(archive, name, salt=f"run {run}, turn {turn}")
        images.large(changed, name + "-changed", salt=f"run {run}, turn {turn}", top=f"changed {turn}")
        for engine in engines:
            insecure = ["--tls-verify=false"] if engine.name == "podman" else []
            own = f"{registry}/{REPOSITORY}-{engine.name}:{turn}"
            took = {"load": alternate_once(engine, "load", "-q", "-i", engine.path(archive))}
            engine.time("tag", name, own)
            took["push"] = alternate_once(engine, "push", *insecure, "-q", own)
            saved = os.path.join(folder, f"saved-{engine.name}.tar")
            # podman writes into no archive that is there.
            engine.time_program("rm", "-f", engine.writable(saved))
            took["save"] = alternate_once(engine, "save", "-o", engine.writable(saved), name)
            engine.time_program("rm", engine.writable(saved))
            engine.quietly("rmi", "-f", own, name)
            times_of(times, engine, took, turn)
        # All pull the same, which the first has pushed.
        pulled = f"{registry}/{REPOSITORY}-{engines[0].name}:{turn}"
        engines[0].time("load", "-q", "-i", engines[0].path(changed))
        engines[0].time("tag", name + "-changed", pulled + "-changed")
        engines[0].time("push", "-q", pulled + "-changed")
        engines[0].quietly("rmi", "-f", pulled + "-changed", name + "-changed")
        for engine in engines:
            insecure = ["--tls-verify=false"] if engine.name == "podman" else []
            took = {"pull": alternate_once(engine, "pull", *insecure, "-q", pulled)}
            took["changed"] = alternate_once(engine, "pull", *insecure, "-q", pulled + "-changed")
            engine.quietly("rmi", "-f", pulled, pulled + "-changed")
            times_of(times, engine, took, turn)
    megabytes = os.path.getsize(archive) / 1e6
    show = lambda numbers: f"{statistics.median(numbers):.2f} s (min {min(numbers):.2f})"
    least = lambda step: {name: statistics.median(numbers) for name, numbers in times[step].items()}

    def against(step, **limits):
        medians = least(step)
        if "docker" not in medians:
            return None
        return all(medians["tare"] <= factor * medians[peer] for peer, factor in limits.items())

    table.add(f"load of {megabytes:.0f} MB, 5 layers", times["load"], "<= 0.4x docker", show, lambda *_: against("load", docker=0.4))
    table.add("push to a registry", times["push"], "<= 0.25x docker, podman", show, lambda *_: against("push", docker=0.25, podman=1))
    table.add("save", times["save"], "<= podman", show, lambda *_: against("save", podman=1))
    table.add("pull from a registry", times["pull"], "<= 0.4x docker, podman", show, lambda *_: against("pull", docker=0.4, podman=0.4))
    table.add("pull with one changed layer", times["changed"], "", show)


def times_of(times, engine, took, turn):
    # The first turn warms up.
    if turn > 0:
        for step, milliseconds in took.items():
            times[step][engine.name].append(milliseconds / 1e3)


def measure_memory(tare, table, folder, registry):
    """The peaks of the daemon while it pushes and pulls 2 GB that do not compress."""
    name = f"{registry}/{REPOSITORY}-big:1"
    archive = os.path.join(folder, "big.tar")
    images.random(archive, name, layers=4, layer_bytes=500_000_000)
    tare.time("load", "-q", "-i", archive)
    os.unlink(archive)
    pushed = peak(tare, "push", "-q", name)
    tare.time("rmi", "-f", name)
    pulled = peak(tare, "pull", "-q", name)
    tare.time("rmi", "-f", name)
    show = lambda figures: f"{figures[0] / 1024:.0f} MiB, {figures[1] / 1e3:.1f} s"
    table.add("peak memory of the daemon, push of 2 GB", {"tare": pushed}, "", show)
    table.add("peak memory of the daemon, pull of 2 GB", {"tare": pulled}, "tare < 150 MB", show, lambda _, kib: pulled[0] * 1024 < 150e6)


def peak(tare, *arguments):
    """The most KiB that the daemon has during a command, and the command's milliseconds."""
    status = lambda key: int(re.search(key + r":\s+(\d+)", open(f"/proc/{tare.daemon.pid}/status").read())[1])
    # What the last command needed is given back when the daemon rests.
    last, since = status("VmRSS"), time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.1)
        if status("VmRSS") < last:
            last, since = status("VmRSS"), time.monotonic()
    with open(f"/proc/{tare.daemon.pid}/clear_refs", "w") as reset:
        reset.write("5")
    took = tare.time(*arguments)
    return [status("VmHWM"), took]


class Server:
    """A registry under measurement, in a folder of its own."""

    def __init__(self, name, command, address, folder, environment=None):
        self.name, self.address = name, address
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=open(f"{folder}/{name}.log", "w"), stderr=subprocess.STDOUT,
                                        env={**os.environ, **(environment or {})})
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{address}/v2/").read()
                return
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"{name} does not answer: {open(f'{folder}/{name}.log').read()}")
            time.sleep(0.05)

    def put(self, content, digest):
        request = urllib.request.Request(f"http://{self.address}/v2/bench/blob/blobs/uploads/", method="POST", data=b"")
        place = urllib.request.urlopen(request).headers["Location"]
        place = place if place.startswith("http") else f"http://{self.address}{place}"
        request = urllib.request.Request(f"{place}{'&' if '?' in place else '?'}digest={digest}", method="PUT", data=content)
        request.add_header("Content-Type", "application/octet-stream")
        urllib.request.urlopen(request).read()

    def memory(self):
        return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read())[1])

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def measure_server(tare_binary, folder, scale, print_rows):
    """`tare registry serve` beside docker-registry: requests and megabytes a second by wrk, and peak memory."""
    peer = shutil.which("docker-registry")
    if not shutil.which("wrk"):
        print("the registry server is not measured: wrk is missing (its package has that name)")
        return 0
    servers = [Server("tare registry", [tare_binary, "registry", "serve", "--listen", "127.0.0.1:5997", "--root", f"{folder}/registry"], "127.0.0.1:5997", folder)]
    try:
        if peer:
            servers.append(Server("docker-registry", [peer, "serve", write_configuration(folder)], "127.0.0.1:5998", folder))
        import hashlib
        sizes = {"1 KB blob": 1_000, "1 MB blob": 1_000_000, "50 MB blob": 50_000_000}
        figures = {size: {server.name: [] for server in servers} for size in sizes}
        for what, length in sizes.items():
            content = os.urandom(length)
            digest = "sha256:" + hashlib.sha256(content).hexdigest()
            for server in servers:
                server.put(content, digest)
            for _ in range(max(3, int(5 * scale))):
                for server in servers:
                    told = subprocess.run(["wrk", "-t2", "-c16", "-d2s", f"http://{server.address}/v2/bench/blob/blobs/{digest}"], capture_output=True, text=True, check=True).stdout
                    if "Non-2xx" in told:
                        raise RuntimeError(f"{server.name}: {told}")
                    figures[what][server.name].append(float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]))
        rows = [["registry server", *(server.name for server in servers), "ratio", "target", "met"]]
        missed = 0
        for what, length in sizes.items():
            medians = [statistics.median(figures[what][server.name]) for server in servers]
            ratio = medians[0] / medians[1] if len(medians) > 1 else None
            met = None if ratio is None else ratio >= 1
            missed += met is False
            shown = [f"{median:,.0f}/s, {median * length / 1e6:,.0f} MB/s (max {max(figures[what][server.name]):,.0f})" for median, server in zip(medians, servers)]
            rows.append([f"GET of a {what}", *shown, f"{ratio:.2f}x" if ratio else "", ">= 1x", {True: "yes", False: "NO", None: "open"}[met]])
        peaks = [server.memory() for server in servers]
        ratio = peaks[0] / peaks[1] if len(peaks) > 1 else None
        met = None if ratio is None else ratio <= 0.5
        missed += met is False
        rows.append(["peak memory", *(f"{peak:,} KiB" for peak in peaks), f"{ratio:.2f}x" if ratio else "", "<= 0.5x", {True: "yes", False: "NO", None: "open"}[met]])
        print_rows([row + [""] * (len(rows[0]) - len(row)) for row in rows])
        return missed
    finally:
        for server in servers:
            server.close()


def write_configuration(folder):
    path = os.path.join(folder, "docker-registry.yml")
    with open(path, "w") as file:
        json.dump({"version": "0.1", "log": {"level": "error", "accesslog": {"disabled": True}}, "storage": {"filesystem": {"rootdirectory": f"{folder}/docker-registry"}},
                   "http": {"addr": "127.0.0.1:5998"}}, file)
    return path
