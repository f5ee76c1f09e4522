"""A guest that is started without ppnd, by the arguments that ppnd gave its own."""

import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess

from guest_monitor import Monitor

USER = "nobody"
GROUP = "nogroup"
SOCKETS = ["control", "rescue", "serial"]


class Pattern:
    """Of a guest of ppnd that runs: how it was started."""

    def __init__(self, pid, folder):
        raw = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        self.words = [word.decode() for word in raw.split(b"\0")[:-1]]
        self.folder = str(folder)

    def command(self, folder, descriptors):
        """The same, but for where it writes and the numbers of its sockets, which
        ppnd hands over as 3 to 5."""
        def own(word):
            for number, descriptor in enumerate(descriptors, 3):
                if f",fd={number}," in word:
                    return word.replace(f",fd={number},", f",fd={descriptor},") \
                        .replace(self.folder, folder)
            return word
        return [own(word) for word in self.words]


class ByHand:
    """Returns once QEMU was told to let the guest run."""

    def __init__(self, pattern, folder):
        self.folder = folder
        folder.mkdir()
        shutil.chown(folder, USER, GROUP)
        sockets = [self.bind(name) for name in SOCKETS]
        descriptors = [one.fileno() for one in sockets]
        self.process = subprocess.Popen(
            pattern.command(str(folder), descriptors), pass_fds=descriptors,
            user=USER, group=GROUP, extra_groups=[], cwd="/", env={},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for one in sockets:
            one.close()
        self.control = Monitor(folder / "control")
        self.rescue = Monitor(folder / "rescue")
        self.control.ready()
        self.control.say("cont")

    def bind(self, name):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.bind(str(self.folder / name))
        one.listen()
        return one

    @property
    def serial(self):
        return self.folder / "serial"

    def kill(self):
        """Returns once its process is seen to have ended."""
        process = os.pidfd_open(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        select.select([process], [], [])
        os.close(process)

    def remove(self):
        self.process.kill()
        self.process.wait()
        self.control.close()
        self.rescue.close()
        shutil.rmtree(self.folder)
