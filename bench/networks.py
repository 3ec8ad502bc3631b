"""Containers on bridges: starts, starts of many at once, and what passes over them."""
import json
import shutil
import statistics
import time

CROWD = 50
AT_ONCE = 8
MEGABYTES = 2000
PORT = "5001"
PAGES = "5002"
SECONDS = 3
TOOLS = "tare-bench/tools:latest"

# Sends so many megabytes to an address and waits until the other side has taken all; runs in the network of the engine's host.
SENDER = r"""
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    block = bytes(1 << 20)
    for _ in range(int(sys.argv[3])):
        connection.sendall(block)
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass
"""
SINK = ["busybox", "nc", "-ll", "-p", PORT, "-e", "busybox", "dd", "of=/dev/null", "bs=64k"]


def programs(tare):
    """What the image of the throughput needs besides busybox; Tare's registry is the web server."""
    return [shutil.which("iperf3"), shutil.which("wrk"), tare]


def measure(engines, table, image, scale, alternate, milliseconds, at_least, on_host):
    """on_host: before a command, runs it in the network of the engines' host. Podman takes part in the starts alone; the rest is held against docker."""
    runs = max(3, int(30 * scale))
    table.add("run --rm IMAGE true (default bridge)", alternate(engines, runs, lambda e: ["run", "--rm", image, "true"]), ">= 15x", milliseconds, at_least(15))
    table.add("run --rm -p 80 IMAGE true", alternate(engines, runs, lambda e: ["run", "--rm", "-p", "80", image, "true"]), ">= 15x", milliseconds, at_least(15))
    pair = [engine for engine in engines if engine.name != "podman"]
    turns = max(2, int(5 * scale))
    crowds = {engine.name: [crowd(engine, image) for _ in range(turns)] for engine in pair}
    table.add(f"{CROWD} containers on a bridge, {AT_ONCE} at a time", crowds, ">= 10x", milliseconds, at_least(10))
    published = {}
    for engine in pair:
        with Sink(engine, image) as sink:
            published[engine.name] = [engine.time_program(*on_host, "python3", "-c", SENDER, sink.gateway, sink.port, str(MEGABYTES)) for _ in range(turns)]
    table.add("from the host by a published port", published, ">= 1x", throughput(MEGABYTES), at_least(0.95))
    measure_traffic(pair, table, turns, at_least, on_host)


def measure_traffic(engines, table, turns, at_least, on_host):
    """iperf3 and wrk, between two containers and from the host by published ports. One pair of containers of each engine, which take turns."""
    pairs = []
    try:
        for engine in engines:
            pairs.append(Servers(engine))
            pairs[-1].begin()
        ways = {
            "iperf3, between two containers": (lambda pair: stream(pair.within("iperf3", "-c", pair.address, "-p", PORT, "-t", str(SECONDS), "-J")), megabytes),
            "iperf3, from the host by a published port": (lambda pair: stream(pair.on_host(on_host, "iperf3", "-c", pair.gateway, "-p", pair.port(PORT), "-t", str(SECONDS), "-J")), megabytes),
            "wrk -c 16, between two containers": (lambda pair: requests(pair.within("wrk", "-t1", "-c16", f"-d{SECONDS}s", f"http://{pair.address}:{PAGES}/v2/")), per_second),
            "wrk -c 16, from the host by a published port": (lambda pair: requests(pair.on_host(on_host, "wrk", "-t1", "-c16", f"-d{SECONDS}s", f"http://{pair.gateway}:{pair.port(PAGES)}/v2/")), per_second),
        }
        for what, (way, show) in ways.items():
            costs = {pair.engine.name: [] for pair in pairs}
            for _ in range(turns):
                for pair in pairs:
                    # What one of it costs, so that less is better, as in the other rows.
                    costs[pair.engine.name].append(1 / way(pair))
            table.add(what, costs, ">= 1x", show, at_least(0.95))
    finally:
        for pair in pairs:
            pair.close()


def stream(told):
    """Bytes a second, of iperf3's report."""
    return json.loads(told)["end"]["sum_received"]["bits_per_second"] / 8


def requests(told):
    """Requests a second, of wrk's report."""
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError("wrk: " + told)
    return float(next(line for line in told.splitlines() if line.startswith("Requests/sec:")).split()[1])


def megabytes(costs):
    return f"{1 / statistics.median(costs) / 1e6:,.0f} MB/s"


def per_second(costs):
    return f"{1 / statistics.median(costs):,.0f}/s"


def throughput(mebibytes):
    """Shows MB/s, of the milliseconds that so much took."""
    return lambda numbers: f"{mebibytes * 1.048576 / statistics.median(numbers) * 1e3:,.0f} MB/s"


def crowd(engine, image):
    names = [f"bench-crowd-{number}" for number in range(CROWD)]
    start = f"seq 0 {CROWD - 1} | xargs -P {AT_ONCE} -I NUMBER {engine.client} run -d --name bench-crowd-NUMBER {image} sleep 100000"
    took = engine.time_program("sh", "-c", start)
    engine.time("rm", "-f", *names)
    time.sleep(1)
    return took


class Sink:
    """A container that takes whatever is sent to it."""

    def __init__(self, engine, image):
        self.engine = engine
        engine.time("run", "-d", "--name", "bench-sink", "-p", PORT, image, *SINK)
        self.gateway = engine.ask("inspect", "-f", "{{.NetworkSettings.Networks.bridge.Gateway}}", "bench-sink")
        self.port = engine.ask("port", "bench-sink", PORT).splitlines()[0].rsplit(":", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.time("rm", "-f", "bench-sink")


class Servers:
    """A container with an iperf3 server and a web server, and one to ask from."""

    def __init__(self, engine):
        self.engine = engine

    def begin(self):
        engine = self.engine
        serve = f"iperf3 -s -p {PORT} >/dev/null & exec tare registry serve --root /tmp/registry --listen 0.0.0.0:{PAGES} >/dev/null 2>&1"
        engine.time("run", "-d", "--name", "bench-server", "-p", PORT, "-p", PAGES, TOOLS, "sh", "-c", serve)
        engine.time("run", "-d", "--name", "bench-client", TOOLS, "sleep", "100000")
        self.address = engine.ask("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "bench-server")
        self.gateway = engine.ask("inspect", "-f", "{{.NetworkSettings.Networks.bridge.Gateway}}", "bench-server")
        for port in (PORT, PAGES):
            engine.time("exec", "bench-client", "sh", "-c", f"for i in $(seq 100); do nc -w 1 {self.address} {port} </dev/null >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1")

    def port(self, port):
        return self.engine.ask("port", "bench-server", port).splitlines()[0].rsplit(":", 1)[1]

    def within(self, *command):
        return self.told(self.engine.ask("exec", "bench-client", *command), command)

    def on_host(self, prefix, *command):
        return self.told(self.engine.ask_program(*prefix, *command), command)

    def told(self, text, command):
        if not text:
            raise RuntimeError(f"{self.engine.name}: {' '.join(command)} has said nothing")
        return text

    def close(self):
        self.engine.quietly("rm", "-f", "bench-server", "bench-client")
