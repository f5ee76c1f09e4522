"""A network of hosts (tests/system/lab), a ppnd on each, and a mesh of them."""

import atexit
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from api_connection import PATIENCE, request

LAB = pathlib.Path(__file__).resolve().parent / "lab"
INTERFACE = "ppn0"
# Whoever has the other half of it is in no test.
RECOVERY_KEY = "0123456789abcdef" * 4


def run(*command, check=True, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True,
                          timeout=PATIENCE, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done


def eventually(what, look):
    """Returns what the look finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"it never came: {what}")


class Refused(Exception):
    """What the daemon says of a change that it does not make."""


class Host:
    """A host of the network, and the ppnd on it."""

    def __init__(self, lab, name, address):
        self.lab, self.name, self.lan_address = lab, name, address
        holder = (lab.directory / f"{name}.pid").read_text().strip()
        root = pathlib.Path(f"/proc/{holder}/root")
        self.socket = root / "run/ppn/ppnd.sock"
        self.state_dir = root / "var/lib/ppn"
        self.hosts_file = root / "etc/hosts"
        self.config = lab.config
        self.log = lab.home / f"{name}.log"
        self.log.touch()

    # -- the host ---------------------------------------------------------------

    def command(self, *command):
        return [str(LAB), "run", str(self.lab.directory), self.name,
                *map(str, command)]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def popen(self, *command, **options):
        return subprocess.Popen(self.command(*command), text=True,
                                stdin=subprocess.DEVNULL, **options)

    def pids(self, program):
        return self.run("pgrep", "-x", program, check=False).stdout.split()

    def end(self, program, how="KILL"):
        """Ends it, and returns once it is gone; another may run by then."""
        ended = set(self.pids(program))
        for pid in ended:
            self.run("kill", f"-{how}", pid)
        eventually(f"the end of {program} on {self.name}",
                   lambda: ended.isdisjoint(self.pids(program)))

    # -- ppnd -------------------------------------------------------------------

    def start(self):
        """Returns once it answers."""
        with open(self.log, "ab") as log:
            subprocess.run(
                self.command("setsid", "--fork", self.lab.bin / "ppnd", "--config",
                             self.config, "--name", self.name),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)

        def answers():
            try:
                return self.get("/v1/status")["mode"] == "running"
            except OSError:
                # At first it is setsid still.
                assert self.pids("setsid") or self.pids("ppnd"), self.log.read_text()
                return False
        eventually(f"ppnd on {self.name}", answers)

    def stop(self):
        self.end("ppnd", "TERM")

    def kill(self):
        self.end("ppnd", "KILL")

    def get(self, path):
        status, text = request(self.socket, "GET", path)
        assert status == 200, text
        return json.loads(text)

    def post(self, path, body=None):
        status, text = request(self.socket, "POST", path, body)
        if status in (400, 409):
            raise Refused(json.loads(text)["detail"])
        assert status in (200, 201, 202), text
        return json.loads(text)

    def change(self, kind, **fields):
        """What `ppnctl mesh ... --yes` does."""
        proposal = self.post("/v1/proposals", {"change": {"kind": kind, **fields}})
        self.post(f"/v1/proposals/{proposal['id']}/commit")

    def export(self):
        status, text = request(self.socket, "GET", "/v1/mesh/file")
        assert status == 200, text
        return text

    def import_file(self, text, **fields):
        self.change("mesh-import", file=text, **fields)

    def ppnctl(self, *arguments, **options):
        return run(self.lab.bin / "ppnctl", "--socket", self.socket, *arguments,
                   **options)

    def entries(self, kind):
        """The payloads of all entries of one kind."""
        shown = run(self.lab.bin / "ppn-ledger", "show", "--json", "--type", kind,
                    self.state_dir).stdout
        return [json.loads(line)["payload"] for line in shown.splitlines()]

    # -- its mesh ---------------------------------------------------------------

    @property
    def mesh(self):
        return self.get("/v1/mesh")["mesh"]

    @property
    def version(self):
        return self.mesh["version"]

    def member(self):
        """It as a member, as it knows itself."""
        return next(m for m in self.mesh["members"] if m["self"])

    @property
    def address(self):
        return self.member()["address"]

    @property
    def tunnel_key(self):
        return self.get("/v1/peers")["public_key"]

    def peer(self, other):
        peers = self.get("/v1/peers")["peers"]
        return next(p for p in peers if p["name"] == other.name)

    def wg(self):
        """The peers that wg shows, and what is allowed to each; nothing without a
        device."""
        shown = self.run("wg", "show", INTERFACE, "allowed-ips", check=False)
        return {line.split("\t")[0]: line.split("\t")[1]
                for line in shown.stdout.splitlines()}

    def settle(self):
        """Returns once there is nothing left to do to the device."""
        def is_settled():
            peers = self.get("/v1/peers")
            return (peers["implementation"] and peers["problem"] is None and
                    self.get("/v1/device/plan")["changes"] == [])
        eventually(f"the device of {self.name}", is_settled)

    def look_again(self):
        """Returns once the device was looked at anew."""
        last = self.get("/v1/peers")["time"]
        eventually(f"a look at the device of {self.name}",
                   lambda: self.get("/v1/peers")["time"] != last)

    def reaches(self, other, count=1):
        """Whether all of some packets come back; `other` is a name or an
        address."""
        return self.run("ping", "-c", count, "-i", "0.05", "-W", "5", other,
                        check=False).returncode == 0


class Lab:
    """Hosts on one cable, or behind routers: those by name, with their address
    outside and inside; a host behind one has ADDRESS@ROUTER. They end with the
    process, at the latest."""

    def __init__(self, bin_directory, routers=None, **addresses):
        self.bin = bin_directory
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="mesh-"))
        self.hosts = {}
        atexit.register(self.down)
        self.directory = self.home / "lab"
        self.config = self.home / "ppnd.toml"
        self.config.write_text("")
        named = {name.replace("_", "-"): a for name, a in addresses.items()}
        specs = [f"{name}~{outside}/24={inside}/24"
                 for name, (outside, inside) in (routers or {}).items()]
        for name, address in named.items():
            address, at, router = address.partition("@")
            specs.append(f"{name}={address}/24{at}{router}")
            named[name] = address
        run(LAB, "up", self.directory, *specs)
        self.hosts = {n: Host(self, n, a) for n, a in named.items()}

    def on_router(self, router, *command):
        return run(LAB, "run", self.directory, router, *command)

    def down(self):
        atexit.unregister(self.down)
        run(LAB, "down", self.directory)
        shutil.rmtree(self.home, ignore_errors=True)


def found(founder):
    founder.change("mesh-init", name="home", range="10.8.0.0/24",
                   recovery_key=RECOVERY_KEY,
                   endpoints=[f"{founder.lan_address}:51820"])


def found_with_words(founder):
    """Returns the words of the recovery key."""
    shown = founder.ppnctl("--json", "mesh", "init", "home", "--yes", "--endpoint",
                           f"{founder.lan_address}:51820").stdout
    return " ".join(json.loads(shown.splitlines()[0])["recovery_words"])


def introduce(founder, *others, by=found):
    """Founds a mesh, and makes the others members, by files alone. Returns what
    founding it did."""
    eventually(f"the tunnel key of {founder.name}", lambda: founder.tunnel_key)
    founded = by(founder)
    for other in others:
        eventually(f"the tunnel key of {other.name}", lambda: other.tunnel_key)
        founder.import_file(other.export())
    for other in others:
        other.import_file(founder.export())
    for host in (founder, *others):
        host.settle()
    return founded


def end_in_order():
    """Makes SIGTERM end the test as Ctrl-C does, so that nothing stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
