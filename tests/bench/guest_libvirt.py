"""libvirt's daemon, in files of its own, without a service manager: no cgroups, no
security driver, no namespaces, QEMU as root."""

import pathlib
import shutil
import subprocess
import time

from guest_lab import eventually, run
from guest_node import memory_of

# Published with the results, since they are not the usual ones.
SETTINGS = """user = "root"
group = "root"
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = []
namespaces = []
"""


def is_there():
    return bool(shutil.which("libvirtd") and shutil.which("virsh"))


def have_own(place, scratch):
    """What is written there from now on is in memory, and seen by nobody else."""
    upper, work = scratch / "upper", scratch / "work"
    scratch.mkdir()
    run("mount", "-t", "tmpfs", "tmpfs", scratch)
    upper.mkdir()
    work.mkdir()
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={place},upperdir={upper},workdir={work}", place)


def add_usual_user():
    """Which the daemon does not start without, though it uses another; the package
    that makes it comes with a service."""
    for file, entry in (("passwd", "libvirt-qemu:x:64055:64055::/:/bin/false"),
                        ("group", "libvirt-qemu:x:64055:"), ("group", "kvm:x:64056:")):
        with open(f"/etc/{file}", "a+", encoding="utf-8") as names:
            names.seek(0)
            name = entry.split(":")[0] + ":"
            if not any(line.startswith(name) for line in names):
                names.write(entry + "\n")


class Libvirt:
    def __init__(self, home):
        self.home = home
        home.mkdir()
        for name in ("etc", "var"):
            have_own(pathlib.Path("/") / name, home / name)
        for place in ("etc", "var/lib", "var/cache", "var/log"):
            (pathlib.Path("/") / place / "libvirt").mkdir(exist_ok=True)
        pathlib.Path("/etc/libvirt/qemu.conf").write_text(SETTINGS)
        add_usual_user()
        begin = time.monotonic()
        with open(home / "log", "wb") as log:
            self.process = subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        eventually("libvirtd", self.answers, pause=0.01)
        self.cold_start_s = time.monotonic() - begin
        self.count = 0

    def answers(self):
        assert self.process.poll() is None, (self.home / "log").read_text()
        return self.virsh("uri", check=False).returncode == 0

    def virsh(self, *arguments, **options):
        return run("virsh", "-q", "-c", "qemu:///system", *arguments, **options)

    def describe(self, guest):
        """Writes down a guest that has what one of ppnd has."""
        self.count += 1
        guest = {"initrd": None, "command_line": "", "vcpus": 1, **guest}
        name, serial = f"guest-{self.count}", self.home / f"{self.count}.serial"
        boot = f"<kernel>{guest['kernel']}</kernel>"
        if guest["initrd"]:
            boot += (f"<initrd>{guest['initrd']}</initrd>"
                     f"<cmdline>{guest['command_line']}</cmdline>")
        path = self.home / f"{name}.xml"
        path.write_text(f"""
<domain type="qemu">
  <name>{name}</name>
  <memory unit="MiB">{guest['memory_mb']}</memory>
  <vcpu>{guest['vcpus']}</vcpu>
  <os><type machine="q35">hvm</type>{boot}</os>
  <cpu mode="maximum"/>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>{shutil.which("qemu-system-x86_64")}</emulator>
    <controller type="usb" model="none"/>
    <interface type="user"><model type="virtio"/></interface>
    <serial type="unix"><source mode="bind" path="{serial}"/></serial>
    <memballoon model="virtio" freePageReporting="on"/>
    <rng model="virtio"><backend model="builtin"/></rng>
    <panic model="isa"/>
  </devices>
</domain>
""")
        return name, path, serial

    def create(self, path, *options):
        self.virsh("create", path, *options)

    def warm_up(self, guest):
        """Lets it find out what QEMU can, as it does once; how long that takes."""
        name, path, _ = self.describe(guest)
        begin = time.monotonic()
        self.create(path)
        took = time.monotonic() - begin
        self.destroy(name)
        return took

    def destroy(self, name):
        self.virsh("destroy", name)

    def memory(self):
        return memory_of(self.process.pid)

    def end(self):
        self.process.kill()
        self.process.wait()
        for name in ("etc", "var"):
            for place in (pathlib.Path("/") / name, self.home / name):
                run("umount", "--lazy", place)
