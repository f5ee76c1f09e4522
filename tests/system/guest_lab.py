"""Real guests: the distribution's kernel with an initramfs that does what it is told
on its serial console, and a ppnd that runs them."""

import base64
import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from api_connection import request

HERE = pathlib.Path(__file__).resolve().parent
GUEST_KERNEL = HERE.parent / "kernel/guest_kernel"
USER = "nobody"
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "pvpanic-pci", "button", "evdev",
           "virtio_balloon", "vfat", "nls_cp437", "nls_ascii")
MEMORY_MB = 128
# An emulated guest has no exact timer; and what protects it from itself takes time.
COMMAND_LINE = "console=ttyS0 quiet no_timer_check mitigations=off"
# Emulated, and maybe not alone on the machine: so long nothing takes.
PATIENCE = 300
# Where weights are, on the hosts of this day.
CPU_CGROUPS = pathlib.Path("/sys/fs/cgroup/cpu")
if not CPU_CGROUPS.exists():
    CPU_CGROUPS = CPU_CGROUPS.parent


def run(*command, check=True, **options):
    options = {"stdin": subprocess.DEVNULL, **options}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True,
                          timeout=PATIENCE, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done


def eventually(what, look, pause=0.05):
    """Returns what the look finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause)
    raise AssertionError(f"it never came: {what}")


# -- processes ------------------------------------------------------------------


def processes(word):
    """The arguments of all whose command line has the word, by pid. One that has
    ended has none."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")[:-1]
                if any(word.encode() in w for w in words):
                    found[int(entry.name)] = [w.decode() for w in words]
    return found


def status_of(pid, task=None):
    """What /proc tells of a process, or one of its threads, by its names."""
    directory = pathlib.Path(f"/proc/{pid}") / (f"task/{task}" if task else "")
    lines = (directory / "status").read_text().splitlines()
    return {name: value.split() for name, value in
            (line.split(":", 1) for line in lines)}


def descriptors_of(pid):
    """What each descriptor of a process leads to, by its number."""
    found = {}
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found[int(entry.name)] = os.readlink(entry)
    return found


# -- what guests are made of ----------------------------------------------------


def kernel_in(directory):
    """That of the directory, or the one that is kept there."""
    if (directory / "vmlinuz").exists():
        return directory
    return pathlib.Path(run(GUEST_KERNEL, directory).stdout.strip())


def modules_of(kernel):
    """Those that a guest needs, each after what it depends on itself."""
    top, = (kernel / "lib/modules").iterdir()
    needs = {}
    for line in (top / "modules.dep").read_text().splitlines():
        path, others = line.split(":")
        needs[path] = others.split()
    by_name = {path.split("/")[-1].split(".")[0]: path for path in needs}
    ordered = []

    def add(path):
        for other in needs[path]:
            add(other)
        if path not in ordered:
            ordered.append(path)

    # What is built into the kernel is no file.
    built_in = {pathlib.PurePath(line).stem for line
                in (top / "modules.builtin").read_text().splitlines()}
    for name in MODULES:
        if name not in built_in:
            add(by_name[name])
    return [top / path for path in ordered]


def make_initramfs(kernel, to):
    root = to.with_suffix(".root")
    (root / "bin").mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    shutil.copy(HERE / "guest_init", root / "init")
    modules = modules_of(kernel)
    for module in modules:
        shutil.copy(module, root)
    (root / "modules").write_text("".join(f"/{m.name}\n" for m in modules))
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root,
                             input="\n".join(names).encode(), capture_output=True,
                             check=True).stdout
    to.write_bytes(gzip.compress(archive, 1))
    shutil.rmtree(root)


# -- a guest --------------------------------------------------------------------


class Console:
    """An operator at the serial console of a guest; `at` is a node and where its
    control API has the guest, if that is not the guest's host."""

    def __init__(self, guest, at=None):
        node, path = at or (guest.node, f"/v1/vms/{guest.id}")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(node.socket))
        self.socket.sendall(
            f"GET {path}/console HTTP/1.1\r\nHost: ppn\r\n"
            "Connection: Upgrade\r\nUpgrade: ppn-console\r\n\r\n".encode())
        self.heard = ""
        self.answer = self.hear("\r\n\r\n")
        self.status = int(self.answer.split()[1])

    def hear(self, word):
        """All that is said until it is."""
        while word not in self.heard:
            said = self.socket.recv(4096)
            if not said:
                raise AssertionError(f"the console ended: {self.heard!r}")
            self.heard += said.decode(errors="replace").replace("\0", "")
        begin, _, self.heard = self.heard.partition(word)
        return begin + word

    def say(self, text):
        self.socket.sendall(text.encode())

    def close(self):
        self.socket.close()


class Guest:
    def __init__(self, node, name, vm):
        self.node, self.name, self.id = node, name, vm

    # -- what is told of it -----------------------------------------------------

    def document(self):
        return self.node.get(f"/v1/vms/{self.id}")

    def await_phase(self, phase):
        """Returns its document once it is so."""
        def look():
            document = self.document()
            return document if document["phase"] == phase else None
        try:
            return eventually(phase, look)
        except AssertionError as never:
            raise AssertionError(f"{never}: {self.document()}") from None

    def log(self):
        """All that it said on its console."""
        said, begin = b"", 0
        while True:
            part = self.node.get(f"/v1/vms/{self.id}/console-log?from={begin}")
            said += base64.b64decode(part["bytes"])
            if part["next"] == begin:
                return said.decode(errors="replace")
            begin = part["next"]

    def boots(self):
        """How often it came to its userland."""
        return self.log().count("guest is up")

    def await_boot(self, after):
        """Returns once it came there again."""
        try:
            eventually(f"the userland of {self.name}", lambda: self.boots() > after)
        except AssertionError as never:
            raise AssertionError(
                f"{never}: {self.document()} {self.log()[-2000:]}") from None

    def entries(self, kind):
        """The payloads of its entries of one kind."""
        return [e for e in self.node.entries(kind) if e["vm"] == self.id]

    # -- what it is told --------------------------------------------------------

    def command(self, verb, **body):
        return self.node.post(f"/v1/vms/{self.id}/{verb}", body or None)

    def console(self, at=None):
        """Waits until nobody else is there."""
        def attach():
            console = Console(self, at)
            if console.status == 101:
                return console
            console.close()
            return None
        return eventually(f"the console of {self.name}", attach)

    def run(self, command, check=True, at=None):
        """Has it do something; returns with what code that ended, and what it
        said."""
        tag = f"t{time.monotonic_ns()}"
        with contextlib.closing(self.console(at)) as console:
            console.say(f"{tag} {command}\n")
            console.hear(f"{tag} begins\r\n")
            said = console.hear(f"{tag} ended with ").replace("\r", "")
            code = int(console.hear("\n"))
        said = said.rsplit("\n", 2)[0]
        if check and code != 0:
            raise AssertionError(f"{self.name}: {command}: {code}: {said}")
        return code, said

    def read(self, path):
        return self.run(f"cat {path}")[1].strip()

    def begin(self, command):
        """Has it do something, and does not wait for its end."""
        with contextlib.closing(self.console()) as console:
            console.say(f"begun {command}\n")
            console.hear("begun begins")

    # -- what there is of it ----------------------------------------------------

    def pids(self):
        """Those of its QEMU; its keeper has the same words behind its own."""
        uuid = re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", self.id)
        return [pid for pid, words in processes(uuid).items()
                if "qemu-system" in words[0]]

    @property
    def pid(self):
        pid, = self.pids()
        return pid

    def kill(self):
        """From outside, and at once."""
        os.kill(self.pid, signal.SIGKILL)

    @property
    def folder(self):
        return self.node.guest_dir / "guests" / self.id

    @property
    def run_folder(self):
        return self.node.run_dir / self.id

    def traces(self):
        """All that there is of it on the host."""
        found = [path for path in (self.folder, self.run_folder) if path.exists()]
        return found + list(processes(self.id)) + self.pids()


# -- a ppnd ---------------------------------------------------------------------


class Node:
    """A ppnd, with directories of its own and a small one for guests."""

    def __init__(self, bin_directory, home, environment=None, settings=""):
        self.bin, self.home = bin_directory, home
        self.environment = environment or {}
        self.state_dir, self.socket = home / "node", home / "api"
        self.guest_dir, self.run_dir = home / "guests", home / "run"
        self.log = home / "log"
        self.process = None
        self.images = {}
        # The guests' user is to come to what is its own.
        home.mkdir(0o755)
        self.guest_dir.mkdir()
        self.config = home / "ppnd.toml"
        self.config.write_text(f"""
            [guests]
            dir = "{self.guest_dir}"
            run_dir = "{self.run_dir}"
            user = "{USER}"
            reserve_mb = 64
            {settings}
            """)
        self.cgroups = CPU_CGROUPS / "ppn-guests"

    # -- its life ---------------------------------------------------------------

    def start(self):
        """Returns once it answers."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(self.bin / "ppnd"), "--state-dir", str(self.state_dir),
                 "--socket", str(self.socket), "--config", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment})

        def answers():
            try:
                return self.get("/v1/status")["mode"] == "running"
            except OSError:
                assert self.runs(), self.log.read_text()
                return False
        eventually("ppnd", answers)

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.log.read_text()

    def await_acceleration(self):
        """Returns what was found out, once it is."""
        def look():
            acceleration = self.get("/v1/vms")["acceleration"]
            return acceleration if acceleration["tried"] else None
        return eventually("what accelerators were tried", look)

    def end(self):
        """Nothing of it is left."""
        if self.runs():
            self.kill()

        def is_quiet():
            left = self.processes()
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not left
        eventually("the end of all processes", is_quiet)
        for folder in self.guest_dir.glob("guests/*"):
            with contextlib.suppress(OSError):
                (self.cgroups / folder.name).rmdir()
        with contextlib.suppress(OSError):
            self.cgroups.rmdir()
        if self.guest_dir.is_mount():
            # What is ending may still have files there.
            run("umount", "--lazy", self.guest_dir)
        shutil.rmtree(self.home, ignore_errors=True)

    # -- what it is asked -------------------------------------------------------

    def get(self, path):
        status, text = request(self.socket, "GET", path)
        assert status == 200, text
        return json.loads(text)

    def try_post(self, path, body=None):
        status, text = request(self.socket, "POST", path, body)
        return status, json.loads(text)

    def post(self, path, body=None):
        status, document = self.try_post(path, body)
        assert status in (200, 201, 202), document
        return document

    def propose(self, kind, **fields):
        return self.post("/v1/proposals", {"change": {"kind": kind, **fields}})

    def change(self, kind, **fields):
        """Returns the proposal that was committed."""
        proposal = self.propose(kind, **fields)
        self.post(f"/v1/proposals/{proposal['id']}/commit")
        return proposal

    def ppnctl(self, *arguments, **options):
        return run(self.bin / "ppnctl", "--socket", self.socket, *arguments, **options)

    def entries(self, kind):
        """The payloads of all entries of one kind."""
        shown = run(self.bin / "ppn-ledger", "show", "--json", "--type", kind,
                    self.state_dir).stdout
        return [json.loads(line)["payload"] for line in shown.splitlines()]

    # -- images and guests ------------------------------------------------------

    def add_image(self, path):
        """How that ended."""
        added = self.post("/v1/images", {"path": str(path)})["id"]

        def look():
            one, = (a for a in self.get("/v1/images")["adding"] if a["id"] == added)
            return one if one["failure"] or one["digest"] else None
        return eventually(f"the end of adding {path}", look)

    def add_boot_images(self, kernel, initramfs):
        """What its guests are made of."""
        for name, path in (("kernel", kernel), ("initrd", initramfs)):
            added = self.add_image(path)
            assert added["digest"], added
            self.images[name] = added["digest"]

    def spec(self, **fields):
        return {"memory_mb": MEMORY_MB, "command_line": COMMAND_LINE, **self.images,
                **fields}

    def guests(self):
        return [Guest(self, vm["name"], vm["id"]) for vm in self.get("/v1/vms")["vms"]]

    def guests_that_run(self):
        """As far as there are processes; ppnd may be dead."""
        ids = (path.name for path in (self.guest_dir / "guests").iterdir())
        return [g for g in (Guest(self, vm, vm) for vm in ids) if g.pids()]

    def processes(self):
        """The arguments of all that it started, and of what those did, by pid."""
        found = processes(str(self.home))
        if self.runs():
            del found[self.process.pid]
        return found

    def find(self, name):
        return next((g for g in self.guests() if g.name == name), None)

    def create(self, name, start=True, user_data=None, **spec):
        extra = {"user_data": user_data} if user_data else {}
        proposal = self.change("vm-create", name=name, start=start,
                               spec=self.spec(**spec), **extra)
        return Guest(self, name, proposal["change"]["vm"])

    def delete(self, guest):
        """Returns once it is gone."""
        self.change("vm-delete", vm=guest.id, force=True)
        eventually(f"the end of {guest.name}", lambda: not self.find(guest.name))
