"""What the labs of the benchmarks share. Importing it makes the modules of
tests/system ones that can be imported, too."""

import collections
import ctypes
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

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


# -- a lab of guests ------------------------------------------------------------

def work_apart():
    """Returns in a process of its own. This one has whoever loses their parent, and
    takes note of their end: libvirt waits for that."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
    worker = os.fork()
    if worker == 0:
        return
    while True:
        ended, status = os.wait()
        if ended == worker:
            os._exit(abs(os.waitstatus_to_exitcode(status)))


def run_lab(name, parts):
    """Does what the command line says: PART BIN RESULT [--quick]. A part is given the
    programs, a directory of its own, where its result is to be, and whether to be
    quick; it returns that result. All but `kernel` are done apart."""
    what, binaries, result, *options = sys.argv[1:]
    result = pathlib.Path(result).resolve()
    if what != "kernel":
        work_apart()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as home:
        # The guests' user is to come to what is its own.
        os.chmod(home, 0o755)
        found = parts[what](pathlib.Path(binaries).resolve(), pathlib.Path(home),
                            result, "--quick" in options)
        result.write_text(json.dumps(found))
