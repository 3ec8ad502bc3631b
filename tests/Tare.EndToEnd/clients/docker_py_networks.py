"""Networks with docker-py. Arguments: the image, a prefix for names. Prints each step; the last line is "done"."""
import sys

import docker

image, prefix = sys.argv[1:3]
client = docker.from_env(timeout=60)


def step(what):
    print(what, flush=True)


def equal(seen, expected):
    if seen != expected:
        raise AssertionError(f"expected {expected!r}, saw {seen!r}")


def networks(container):
    container.reload()
    return container.attrs["NetworkSettings"]["Networks"]


step("create")
pool = docker.types.IPAMPool(subnet="10.83.1.0/24", gateway="10.83.1.254", aux_addresses={"aux": "10.83.1.7"})
one = client.networks.create(f"{prefix}-one", driver="bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool]), labels={"flow": prefix},
                             options={"com.docker.network.driver.mtu": "1400"}, check_duplicate=True)
made = []
two = None
try:
    two = client.networks.create(f"{prefix}-two", internal=True, labels={"flow": "other"})
    equal(one.attrs["IPAM"]["Config"], [{"Subnet": "10.83.1.0/24", "Gateway": "10.83.1.254", "AuxiliaryAddresses": {"aux": "10.83.1.7"}}])
    equal(one.attrs["Options"], {"com.docker.network.driver.mtu": "1400"})
    equal([n.name for n in client.networks.list(filters={"label": f"flow={prefix}"})], [one.name])
    equal(client.networks.get(two.id[:12]).attrs["Internal"], True)
    equal([n.id for n in client.networks.list(ids=[one.id])], [one.id])

    step("errors have types")
    try:
        client.networks.create(one.name)
    except docker.errors.APIError as error:
        equal((error.response.status_code, error.explanation), (409, f"network with name {one.name} already exists"))
    else:
        raise AssertionError("no error")
    try:
        client.networks.get("nosuch")
    except docker.errors.NotFound as error:
        equal(error.explanation, "network nosuch not found")

    step("run on a network")
    settings = {one.name: client.api.create_endpoint_config(ipv4_address="10.83.1.20", aliases=["python"])}
    box = client.containers.run(image, ["sleep", "1000"], detach=True, name=f"{prefix}-box", network=one.name, networking_config=settings,
                                ports={"80/tcp": ("127.0.0.1", None), "81/udp": 18181, "82/tcp": [18182, 18183]}, init=True)
    made.append(box)
    equal(networks(box)[one.name]["IPAddress"], "10.83.1.20")
    assert "python" in networks(box)[one.name]["Aliases"]
    equal(box.ports["81/udp"], [{"HostIp": "0.0.0.0", "HostPort": "18181"}, {"HostIp": "::", "HostPort": "18181"}])
    equal(sorted(p["HostPort"] for p in box.ports["82/tcp"]), ["18182", "18182", "18183", "18183"])
    equal([p["HostIp"] for p in box.ports["80/tcp"]], ["127.0.0.1"])
    one.reload()
    equal([c.name for c in one.containers], [box.name])
    assert client.containers.run(image, ["ping", "-c", "1", "-w", "5", "python"], network=one.name, remove=True)

    step("connect and disconnect")
    two.connect(box, aliases=["inside"])
    equal(sorted(networks(box)), sorted([one.name, two.name]))
    assert client.containers.run(image, ["ping", "-c", "1", "-w", "5", "inside"], network=two.name, remove=True)
    try:
        one.remove()
    except docker.errors.APIError as error:
        equal(error.response.status_code, 403)
        assert "has active endpoints" in error.explanation, error.explanation
    else:
        raise AssertionError("no error")
    one.disconnect(box, force=True)
    equal(list(networks(box)), [two.name])
    two.disconnect(box)
    equal(networks(box), {})

    step("extra hosts, links and names")
    output = client.containers.run(image, ["cat", "/etc/hosts"], network=one.name, extra_hosts={"other": "1.2.3.4"}, links={box.name: "al"}, dns=["10.0.0.53"],
                                   dns_search=["a.test"], hostname="named", remove=True).decode()
    assert "1.2.3.4\tother\n" in output and "\tnamed\n" in output, output

    step("prune")
    equal(client.networks.prune(filters={"label": f"flow={prefix}"})["NetworksDeleted"], [one.name])
finally:
    for container in made:
        container.remove(force=True)
    for network in filter(None, (one, two)):
        try:
            network.remove()
        except docker.errors.NotFound:
            pass

step("done")
