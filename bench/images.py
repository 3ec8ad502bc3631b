"""The images of the benchmark as docker archives: a static busybox, and 150 MB in five layers of this system's own files."""
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def busybox(path, name, programs=()):
    """The distribution's static busybox with its applets as links; and other programs of this system in /bin, with the libraries that they need."""
    program = shutil.which("busybox")
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var"):
            tar.addfile(entry(folder, tarfile.DIRTYPE, 0o755))
        data = open(program, "rb").read()
        tar.addfile(entry("bin/busybox", tarfile.REGTYPE, 0o755, size=len(data)), io.BytesIO(data))
        for applet in subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if applet != "busybox":
                link = entry(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
                link.linkname = "busybox"
                tar.addfile(link)
        for source, place in files_of(programs).items():
            tar.addfile(entry(place.lstrip("/"), tarfile.REGTYPE, 0o755, size=os.path.getsize(source)), open(source, "rb"))
    archive(path, name, [layer.getvalue()])


def files_of(programs):
    """Where programs and what they are linked with belong, by where they are."""
    files = {}
    for program in programs:
        files[program] = "/bin/" + os.path.basename(program)
        told = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        for line in told.splitlines():
            place = next((word for word in line.split() if word.startswith("/")), None)
            if place:
                files[place] = place
    return files


def large(path, name, layers=5, layer_bytes=30_000_000, salt="", top=""):
    """Real files, many small and some large, as an image's are: /usr of this system, cut into layers of equal size.

    A salt makes all layers others than before, and a text for the top the uppermost alone."""
    files = walk("/usr/lib", "/usr/share")
    made = []
    for number in range(layers):
        layer, size = io.BytesIO(), 0
        with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for text in [text for text in (salt, top if number == layers - 1 else "") if text]:
                tar.addfile(entry(f"layer{number}/{text}", tarfile.REGTYPE, 0o644, size=len(text)), io.BytesIO(text.encode()))
            while size < layer_bytes:
                source, length = next(files)
                with open(source, "rb") as stream:
                    tar.addfile(entry(f"layer{number}{source}", tarfile.REGTYPE, 0o644, size=length), stream)
                size += length
        made.append(layer.getvalue())
    archive(path, name, made)


def random(path, name, layers, layer_bytes):
    """Layers of one file each that no compressor makes smaller; written as they are made."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        digests = []
        for number in range(layers):
            layer = os.path.join(folder, f"{number}.tar")
            with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar, open("/dev/urandom", "rb") as noise:
                tar.addfile(entry(f"noise{number}", tarfile.REGTYPE, 0o644, size=layer_bytes), noise)
            with open(layer, "rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        config, manifest = documents(name, digests)
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            tar.addfile(entry(config[0], tarfile.REGTYPE, 0o644, size=len(config[1])), io.BytesIO(config[1]))
            for number, digest in enumerate(digests):
                layer = os.path.join(folder, f"{number}.tar")
                with open(layer, "rb") as file:
                    tar.addfile(entry(f"{digest}/layer.tar", tarfile.REGTYPE, 0o644, size=os.path.getsize(layer)), file)
                os.unlink(layer)
            tar.addfile(entry("manifest.json", tarfile.REGTYPE, 0o644, size=len(manifest)), io.BytesIO(manifest))


def walk(*roots):
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                source = os.path.join(folder, name)
                if os.path.isfile(source) and not os.path.islink(source) and os.path.getsize(source) < 8_000_000:
                    yield source, os.path.getsize(source)


def entry(name, kind, mode, size=0):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size = kind, mode, size
    return info


def documents(name, digests):
    """The configuration with its file name, and the manifest."""
    config = json.dumps({
        "architecture": ARCHITECTURE, "os": "linux", "created": "2025-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest for digest in digests]},
        "history": [{"created": "2025-01-01T00:00:00Z", "created_by": "bench"} for _ in digests],
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar" for digest in digests]}]).encode()
    return (config_name, config), manifest


def archive(path, name, layers):
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    (config_name, config), manifest = documents(name, digests)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for file, data in [(config_name, config), *[(f"{digest}/layer.tar", layer) for digest, layer in zip(digests, layers)], ("manifest.json", manifest)]:
            tar.addfile(entry(file, tarfile.REGTYPE, 0o644, size=len(data)), io.BytesIO(data))
