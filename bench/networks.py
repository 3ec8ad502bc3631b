"""Containers on bridges: starts, starts of many at once, and what passes over them."""
import statistics
import time

CROWD = 50
AT_ONCE = 8
MEGABYTES = 2000
BETWEEN = 200  # busybox's nc takes a processor for 55 MB/s
PORT = "5001"

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


def measure(engines, table, image, scale, alternate, milliseconds, at_least, on_host):
    """on_host: before a command, runs it in the network of the engines' host. Podman takes part in the starts alone; the rest is held against docker."""
    runs = max(3, int(30 * scale))
    table.add("run --rm IMAGE true (default bridge)", alternate(engines, runs, lambda e: ["run", "--rm", image, "true"]), ">= 15x", milliseconds, at_least(15))
    table.add("run --rm -p 80 IMAGE true", alternate(engines, runs, lambda e: ["run", "--rm", "-p", "80", image, "true"]), ">= 15x", milliseconds, at_least(15))
    pair = [engine for engine in engines if engine.name != "podman"]
    turns = max(2, int(5 * scale))
    crowds = {engine.name: [crowd(engine, image) for _ in range(turns)] for engine in pair}
    table.add(f"{CROWD} containers on a bridge, {AT_ONCE} at a time", crowds, ">= 10x", milliseconds, at_least(10))
    between, published = {}, {}
    for engine in pair:
        with Sink(engine, image) as sink:
            between[engine.name] = [engine.time("exec", "bench-source", "busybox", "sh", "-c", f"busybox dd if=/dev/zero bs=64k count={BETWEEN * 16} 2>/dev/null | busybox nc {sink.address} {PORT}") for _ in range(turns)]
            published[engine.name] = [engine.time_program(*on_host, "python3", "-c", SENDER, sink.gateway, sink.port, str(MEGABYTES)) for _ in range(turns)]
    table.add("between two containers", between, ">= 1x", throughput(BETWEEN), at_least(0.95))
    table.add("from the host by a published port", published, ">= 1x", throughput(MEGABYTES), at_least(0.95))


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
    """A container that takes whatever is sent to it, and one to send from."""

    def __init__(self, engine, image):
        self.engine = engine
        engine.time("run", "-d", "--name", "bench-sink", "-p", PORT, image, *SINK)
        engine.time("run", "-d", "--name", "bench-source", image, "sleep", "100000")
        self.address = engine.ask("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "bench-sink")
        self.gateway = engine.ask("inspect", "-f", "{{.NetworkSettings.Networks.bridge.Gateway}}", "bench-sink")
        self.port = engine.ask("port", "bench-sink", PORT).splitlines()[0].rsplit(":", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.time("rm", "-f", "bench-sink", "bench-source")
