"""A ppnd whose guests are measured."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

from api_connection import PATIENCE, UnixConnection
from guest_lab import GUEST_KERNEL, Guest, Node, eventually, make_initramfs
from guest_monitor import connect

QEMU = "qemu-system-x86_64"
TINY_MB = 16
KILOBYTE = 1024
# It may be fetched first.
KERNEL_PATIENCE = 300


def memory_of(pid):
    """Resident, in bytes: all but the mapped ledger, and of that what is in no
    file."""
    resident = anonymous = 0
    is_ledger = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, *values = line.split()
        if not name.endswith(":"):
            is_ledger = line.endswith("/data.mdb")
        elif name == "Rss:" and not is_ledger:
            resident += int(values[0]) * KILOBYTE
        elif name == "Anonymous:" and not is_ledger:
            anonymous += int(values[0]) * KILOBYTE
    return {"resident": resident, "anonymous": anonymous}


def pids_of(program):
    """All of that name, as far as the kernel keeps it, that have not ended."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if (entry.name.isdigit() and (entry / "cmdline").read_bytes() and
                    (entry / "comm").read_text().strip() == program[:15]):
                found.append(int(entry.name))
    return found


def end_all(program):
    """Returns once none is left."""
    def is_gone():
        left = pids_of(program)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left
    eventually(f"the end of {program}", is_gone)


class Stream:
    """The ledger as it grows, from now on: what came, and when."""

    def __init__(self, node):
        self.connection = UnixConnection(node.socket)
        self.connection.request("GET", "/v1/ledger/stream")
        # The answer takes the socket over.
        self.connection.sock.settimeout(None)
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        self.entries = []
        self.news = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with contextlib.suppress(OSError, ValueError):
            for line in self.response:
                now = time.monotonic()
                if line.startswith(b"data: "):
                    entry = json.loads(line[6:])
                    with self.news:
                        self.entries.append((now, entry))
                        self.news.notify_all()

    def find(self, kind, whose, since, field):
        for when, entry in reversed(self.entries):
            if when < since:
                break
            if (entry["payload_type"] == kind and
                    entry["payload"].get(field) == whose):
                return when
        return None

    def wait_for(self, kind, whose, since=0, field="vm"):
        """When such an entry of that guest came, from that time on; or of what
        another field tells."""
        with self.news:
            came = self.news.wait_for(lambda: self.find(kind, whose, since, field),
                                      PATIENCE)
        assert came, f"{kind} of {whose} never came: {self.entries[-5:]}"
        return came


class MeasuredGuest(Guest):
    """One that is in its first start."""

    @property
    def rescue(self):
        return self.run_folder / "1.rescue"

    @property
    def serial(self):
        return self.run_folder / "1.serial"

    def find_pid(self):
        """Of its QEMU, which is who listens."""
        with contextlib.closing(connect(self.serial)) as connection:
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return struct.unpack("3i", peer)[0]


class MeasuredNode(Node):
    def __init__(self, bin_directory, home, settings=""):
        super().__init__(bin_directory, home, settings=settings)
        self.count = 0
        self.started = None
        self.stream = None

    def start(self):
        """Returns when its process was started, and when it said that it had."""
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [str(self.bin / "ppnd"), "--state-dir", str(self.state_dir), "--socket",
             str(self.socket), "--config", str(self.config)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        said = threading.Event()
        threading.Thread(target=self.read_log, args=(self.process.stderr, said),
                         daemon=True).start()
        assert said.wait(PATIENCE) and self.started, self.log.read_text()
        return begin, self.started

    def read_log(self, lines, said):
        self.started = None
        with open(self.log, "ab") as log:
            for line in lines:
                now = time.monotonic()
                log.write(line)
                log.flush()
                if b"node.started" in line:
                    self.started = now
                    said.set()
        said.set()

    def begin(self):
        """Returns once it can run guests and tells of them."""
        self.start()
        self.await_acceleration()
        self.stream = Stream(self)

    def begin_guest(self, **spec):
        """Returns without waiting for more than the commit."""
        self.count += 1
        name = f"guest-{self.count}"
        spec = {"restart": "never", "autostart": False, **self.spec(**spec)}
        proposal = self.change("vm-create", name=name, start=True, spec=spec)
        return MeasuredGuest(self, name, proposal["change"]["vm"])

    def end_guest(self, guest):
        """Returns once nothing of it is left."""
        self.change("vm-delete", vm=guest.id, force=True)
        self.stream.wait_for("VmDeleted", guest.id)


class Listener:
    """A connection that asks for one document again and again."""

    def __init__(self, node):
        self.connection = UnixConnection(node.socket)

    def get(self, path):
        """Nothing if it is not told yet."""
        self.connection.request("GET", path)
        response = self.connection.getresponse()
        text = response.read()
        return json.loads(text) if response.status == 200 else None

    def close(self):
        self.connection.close()


@contextlib.contextmanager
def node_of(binaries, home, settings=""):
    node = MeasuredNode(binaries, home / "host", settings)
    node.begin()
    try:
        yield node
    finally:
        end_all(QEMU)
        node.end()


# -- guests that boot -----------------------------------------------------------

def find_kernel(binaries, _home, _result, _quick):
    done = subprocess.run([GUEST_KERNEL, binaries.parent / "kernel"], text=True,
                          stdout=subprocess.PIPE, timeout=KERNEL_PATIENCE, check=True)
    return {"kernel": done.stdout.strip()}


def make_boot_files(home, result):
    """Of the kernel that was found by the part before."""
    found = json.loads((result.parent / "kernel.json").read_text())
    kernel, initrd = pathlib.Path(found["kernel"]), home / "initrd"
    make_initramfs(kernel, initrd)
    return pathlib.Path(shutil.copy(kernel / "vmlinuz", home / "vmlinuz")), initrd


# -- guests that do nothing -----------------------------------------------------

def make_tiny_kernel(path):
    """A guest that does nothing, for ever: what a multiboot loader puts at 1 MB,
    and a processor that halts there without interrupts."""
    magic, has_addresses, place, size = 0x1BADB002, 0x10000, 0x100000, 0x2000
    checksum = -(magic + has_addresses) & 0xFFFFFFFF
    header = struct.pack("<8I", magic, has_addresses, checksum, place, place,
                         place + size, 0, place + 32)
    cli, hlt, jump_back = b"\xfa", b"\xf4", b"\xeb\xfd"
    path.write_bytes((header + cli + hlt + jump_back).ljust(size, b"\0"))
    return path


@contextlib.contextmanager
def tiny_node(binaries, home):
    """Of guests that do nothing."""
    with node_of(binaries, home) as node:
        added = node.add_image(make_tiny_kernel(home / "tiny"))
        assert added["digest"], added
        node.images = {"kernel": added["digest"]}
        yield node


def tiny_spec(vcpus=1):
    return {"memory_mb": TINY_MB, "command_line": None, "vcpus": vcpus}


def room_for_tiny(node):
    """How many more of two vCPUs the host has memory for."""
    return node.get("/v1/vms")["pool"]["memory_mb_left"] // (TINY_MB + 104)


def fill(node, count, guests):
    """Until that many run; how long it took."""
    begin = time.monotonic()
    more = [node.begin_guest(**tiny_spec(2)) for _ in range(count - len(guests))]
    for guest in more:
        node.stream.wait_for("VmStarted", guest.id)
    guests += more
    return time.monotonic() - begin
