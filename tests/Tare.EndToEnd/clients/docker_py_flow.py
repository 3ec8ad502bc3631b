"""What a program does with docker-py, from a first run to cleaning up. Arguments: the image, a prefix for names.

Prints one line for each step, so that a failure shows where; the last line is "done".
"""
import sys
import threading

import docker

image, prefix = sys.argv[1:3]
client = docker.from_env(timeout=60)
NONE = {"network_mode": "none"}


def step(what):
    print(what, flush=True)


def equal(seen, expected):
    if seen != expected:
        raise AssertionError(f"expected {expected!r}, saw {seen!r}")


step("ping, version, info")
equal(client.ping(), True)
assert client.version()["ApiVersion"]
assert client.info()["Images"] >= 1

step("run to its end")
equal(client.containers.run(image, ["echo", "hello"], remove=True, **NONE), b"hello\n")
equal(client.containers.run(image, "sh -c 'echo out; echo err >&2'", remove=True, stdout=True, stderr=True, **NONE).count(b"\n"), 2)
equal(client.containers.run(image, ["sh", "-c", "echo $A; pwd; id -u; hostname"], environment={"A": "b"}, working_dir="/tmp", user="1000",
                            hostname="box", remove=True, **NONE), b"b\n/tmp\n1000\nbox\n")

step("a failing command raises with its code and output")
try:
    client.containers.run(image, ["sh", "-c", "echo why >&2; exit 3"], remove=True, **NONE)
except docker.errors.ContainerError as error:
    equal((error.exit_status, error.stderr), (3, b"why\n"))
else:
    raise AssertionError("no error")

step("errors have types")
try:
    client.images.get("tare-test/nosuch")
except docker.errors.ImageNotFound as error:
    equal(error.response.status_code, 404)
try:
    client.containers.get("nosuch")
except docker.errors.NotFound as error:
    equal(error.explanation, "No such container: nosuch")

step("a detached container")
events = client.events(decode=True, filters={"type": "container", "label": f"flow={prefix}"})
seen = []
listener = threading.Thread(target=lambda: [seen.append(event["Action"]) for event in events], daemon=True)
listener.start()
box = client.containers.run(image, ["sh", "-c", "echo first; while read line; do echo \"<$line>\"; test $line = quit && exit 7; done"], detach=True,
                            stdin_open=True, name=f"{prefix}-box", labels={"flow": prefix}, mem_limit="64m", **NONE)
equal(box.status, "created")
box.reload()
equal(box.status, "running")
equal(box.attrs["HostConfig"]["Memory"], 64 * 1024 * 1024)
equal([c.name for c in client.containers.list(filters={"label": f"flow={prefix}"})], [f"{prefix}-box"])

step("exec")
# docker-py reads the answer's head through a buffer and then the stream past that buffer: output that arrives together with the
# head would be lost in the client.
for number in range(50):
    equal(box.exec_run(["echo", str(number)]).output, b"%d\n" % number)
equal(tuple(box.exec_run(["sh", "-c", "echo in; exit 4"])), (4, b"in\n"))
equal(tuple(box.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)), (0, (b"out\n", b"err\n")))
equal(box.exec_run(f"sh -c 'echo $X; pwd'", environment={"X": "y"}, workdir="/etc").output, b"y\n/etc\n")
equal(b"".join(box.exec_run(["sh", "-c", "seq 1000"], stream=True).output), "".join(f"{i}\n" for i in range(1, 1001)).encode())
for _ in range(20):
    equal(box.exec_run("true").exit_code, 0)
connection = box.exec_run("cat", socket=True, stdin=True).output
raw = getattr(connection, "_sock", connection)
raw.sendall(b"over a socket")
raw.shutdown(1)
answer = b""
while chunk := raw.recv(4096):
    answer += chunk
equal(answer[8:], b"over a socket")

step("attach")
socket = box.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
raw = getattr(socket, "_sock", socket)
raw.sendall(b"hello\n")
received = b""
while b"<hello>\n" not in received:
    received += raw.recv(4096)

step("logs")
equal(box.logs(), b"first\n<hello>\n")
equal(box.logs(tail=1), b"<hello>\n")
following = box.logs(stream=True, follow=True)
equal(next(following)[:5], b"first")

step("top, stats of the process table, rename, pause")
equal(len(box.top()["Processes"]), 1)
box.rename(f"{prefix}-renamed")
box.pause()
box.reload()
equal(box.status, "paused")
box.unpause()

step("its end")
raw.sendall(b"quit\n")
equal(box.wait()["StatusCode"], 7)
assert b"".join(following).endswith(b"<quit>\n")
box.restart(timeout=1)
box.kill()
equal(box.wait()["StatusCode"], 137)
box.remove()
listener.join(0.2)
for action in ("start", "exec_die", "pause", "unpause", "rename", "die", "restart", "kill"):
    assert action in seen, (action, seen)

step("images")
with_tag = client.images.get(image)
assert with_tag.tag(f"tare-test/{prefix}", "flow")
assert any(f"tare-test/{prefix}:flow" in i.tags for i in client.images.list())
client.images.remove(f"tare-test/{prefix}:flow")

step("done")
