"""A client of QEMU's monitor that waits for one thing at a time."""

import json
import socket
import time

PATIENCE = 60
# A socket that is not there yet, or at which nobody listens yet.
LOOK_AGAIN_AFTER = 0.0005


def connect(path):
    """As soon as somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(path))
            return connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_AGAIN_AFTER)


class Monitor:
    def __init__(self, path):
        """Does not wait for QEMU."""
        self.socket = connect(path)
        self.lines = self.socket.makefile("rb")
        self.last = 0
        self.say("qmp_capabilities")

    def say(self, command):
        self.last += 1
        self.socket.sendall(json.dumps({"execute": command, "id": self.last})
                            .encode() + b"\n")
        return self.last

    def hear(self):
        line = self.lines.readline()
        assert line, "QEMU closed its monitor"
        return json.loads(line)

    def answer(self, number):
        while True:
            said = self.hear()
            if said.get("id") == number:
                return said["return"]

    def ready(self):
        """Returns once it takes commands."""
        self.answer(1)

    def ask(self, command):
        return self.answer(self.say(command))

    def wait_for_run(self):
        """When it was seen that the guest runs, whether or not it did before."""
        asked = self.say("query-status")
        while True:
            said = self.hear()
            now = time.monotonic()
            if said.get("event") == "RESUME":
                return now
            if said.get("id") == asked and said["return"]["running"]:
                return now

    def close(self):
        self.lines.close()
        self.socket.close()
