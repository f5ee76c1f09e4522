"""What the labs of the benchmarks share. Importing it makes the modules of
tests/system ones that can be imported, too."""

import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
from mesh_lab import eventually

PING_INTERVAL = 0.02
# So many at the end may still get an answer.
NEWEST = 25

Answer = collections.namedtuple("Answer", "when number ms")


class Traffic:
    """Pings, and what comes back of them."""

    ANSWER = re.compile(r"\[(\d+\.\d+)\] .*icmp_seq=(\d+) ttl=\d+ time=([\d.]+) ms")

    def __init__(self, host, address, interval=PING_INTERVAL):
        log = host.lab.home / f"{host.name}.ping"
        with open(log, "wb") as out:
            self.process = host.popen("ping", "-D", "-n", "-i", interval, address,
                                      stdout=out)
        self.file, self.host, self.rest = open(log, encoding="ascii"), host, ""
        self.answers = []

    def read(self):
        """All answers that came."""
        *lines, self.rest = (self.rest + self.file.read()).split("\n")
        for line in lines:
            if found := self.ANSWER.match(line):
                self.answers.append(
                    Answer(float(found[1]), int(found[2]), float(found[3])))
        return self.answers

    def wait_for_more(self, count=50):
        before = len(self.read())
        eventually("answers", lambda: len(self.read()) >= before + count)

    def first(self):
        """The first answer, once there is one."""
        return eventually("an answer", self.read)[0]

    def mark(self):
        return len(self.read()) - 1

    def gap(self, mark):
        """The longest time without an answer since then."""
        times = [answer.when for answer in self.read()[mark:]]
        return max(b - a for a, b in zip(times, times[1:]))

    def lost(self, mark, end=None):
        """How many since then have no answer: until the mark `end`, or until now,
        but for the newest, which may still get one."""
        numbers = {answer.number for answer in self.read()[mark:]}
        last = (self.answers[-1].number - NEWEST if end is None
                else self.answers[end].number)
        return len(set(range(self.answers[mark].number, last)) - numbers)

    def stop(self):
        self.host.run("pkill", "-x", "ping", check=False)
        self.process.wait()
