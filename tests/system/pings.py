"""Packets from one host to another, and which of them came back."""

import re

from mesh_lab import eventually


class Pings:
    """Asks a member all the time, and counts what did not come back."""

    def __init__(self, host, other, a_second=10):
        self.log = host.lab.home / f"{host.name}-{other.name}.ping"
        with open(self.log, "wb") as log:
            self.process = host.popen("ping", "-D", "-n", "-i", 1 / a_second,
                                      other.address, stdout=log)
        self.host, self.other, self.seen = host, other, 0
        self.wait_for_more()

    def answered(self):
        return [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", self.log.read_text())]

    def last_ttl(self):
        """One less for each that passed it on."""
        return int(re.findall(r" ttl=(\d+)", self.log.read_text())[-1])

    def goes_direct(self):
        return {self.host.peer(self.other)["path"],
                self.other.peer(self.host)["path"]} == {"direct"}

    def wait_for_more(self, count=5):
        """Until some more came back."""
        before = len(self.answered())
        eventually("answers", lambda: len(self.answered()) >= before + count)

    def lost(self):
        """How many got lost since the last time; waits until some come back."""
        self.wait_for_more()
        answered = self.answered()
        first, last = self.seen + 1, answered[-1]
        lost = last - self.seen - len([n for n in answered if first <= n <= last])
        self.seen = last
        return lost

    def stop(self):
        self.host.run("pkill", "-x", "ping", check=False)
        self.process.wait()
