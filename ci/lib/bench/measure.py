"""Runs a tool and measures what it and the two servers spend on it."""

import os
import resource
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Nobody at all works for so long: the tool hangs.
STALLED_AFTER = 90
# Seconds of processor time in STALLED_AFTER that still count as nothing: a server's own housekeeping.
STALLED_CPU = 0.9


@dataclass
class Reading:
    """What was spent up to an instant, in seconds."""

    wall: float
    source: float
    target: float
    client: float
    # All of the machine's, whoever's it is.
    everybody: float

    @property
    def others(self) -> float:
        return max(0.0, self.everybody - self.source - self.target - self.client)

    def since(self, before: "Reading") -> "Reading":
        return Reading(
            self.wall - before.wall,
            self.source - before.source,
            self.target - before.target,
            self.client - before.client,
            self.everybody - before.everybody,
        )


@dataclass
class Run:
    """A tool that has ended."""

    total: Reading
    copy: Reading | None
    peak_memory: int
    exit_code: int
    # Why it was ended, if it did not end by itself.
    ended: str | None
    lines: list[str] = field(repr=False)


class Servers:
    """The processes of both servers."""

    def __init__(self, source_pid: int, target_pid: int):
        self.source_pid = source_pid
        self.target_pid = target_pid

    def reading(self, client_pid: int | None = None) -> Reading:
        return Reading(
            time.monotonic(),
            spent(self.source_pid),
            spent_by_family(self.target_pid),
            spent_by_family(client_pid) if client_pid else 0.0,
            spent_by_everybody(),
        )


def spent(pid: int) -> float:
    """Processor time of a process and those of its children it has buried; nothing if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS


def spent_by_family(pid: int) -> float:
    """PostgreSQL's backends are children: those that ended are in the parent's account."""
    return sum(spent(member) for member in family(pid))


def spent_by_everybody() -> float:
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _idle, _waits, interrupts, soft_interrupts, _stolen = ticks
    return (user + nice + system + interrupts + soft_interrupts) / TICKS


def family(pid: int) -> list[int]:
    """A process and all its descendants; those that end while we look are as good as gone."""
    members = [pid]
    for member in members:
        try:
            for children in Path(f"/proc/{member}/task").glob("*/children"):
                members.extend(int(child) for child in children.read_text().split())
        except OSError:
            pass
    return members


def memory(pid: int) -> int:
    """The most that a process has held, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    # Between fork and exec a child still is a copy of us.
    if words.get("Name", "").startswith("python") or "VmHWM" not in words:
        return 0
    return int(words["VmHWM"].split()[0]) * 1024


class Measured:
    """A tool at work. `is_copying` is shown each line it prints, and says when the copy begins and ends."""

    def __init__(self, servers: Servers, command: list[str], environment: dict[str, str], is_copying):
        self.servers = servers
        self.is_copying = is_copying
        self.lines: list[str] = []
        self.copy_begin: Reading | None = None
        self.copy_end: Reading | None = None
        self.a_copy_ended = False
        self.ended: str | None = None
        self.done = threading.Event()
        self.peak = 0
        self.before = servers.reading()
        # A session of its own, so that all of it can be ended, and nothing else.
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def run(self, limit: float) -> Run:
        reader = threading.Thread(target=self.read, daemon=True)
        watcher = threading.Thread(target=self.watch, args=(limit,), daemon=True)
        reader.start()
        watcher.start()
        try:
            _, status, usage = os.wait4(self.process.pid, 0)
        except BaseException:
            # We are to end, and it would go on: it has a session of its own.
            self.end(signal.SIGKILL)
            raise
        after = self.servers.reading()
        # Exact to the end, children that were waited for included.
        after.client = usage.ru_utime + usage.ru_stime
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.done.set()
        watcher.join()
        # What it started and left behind goes with it.
        self.end(signal.SIGKILL)
        reader.join(timeout=10)
        copy = None
        if self.a_copy_ended:
            self.copy_end = after
        if self.copy_begin and self.copy_end:
            copy = self.copy_end.since(self.copy_begin)
        # A child begins with its parent's peak, so the kernel's figure is only good above ours.
        kernel = usage.ru_maxrss * 1024
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        peak = max(self.peak, kernel if kernel > own else 0)
        return Run(after.since(self.before), copy, peak, self.process.returncode, self.ended, self.lines)

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            copying = self.is_copying(line)
            if copying is True and not self.copy_begin:
                self.copy_begin = self.servers.reading(self.process.pid)
            elif copying is False:
                self.a_copy_ended = True

    def watch(self, limit: float) -> None:
        """Looks ten times a second, which must not cost what it measures; ends what has to be ended."""
        pid = self.process.pid
        looked = self.before
        asked_to_end = 0.0
        while not self.done.wait(0.1):
            self.peak = max(self.peak, sum(memory(member) for member in family(pid)))
            if self.a_copy_ended:
                self.a_copy_ended = False
                self.copy_end = self.servers.reading(pid)
            now = time.monotonic()
            if self.ended:
                if now - asked_to_end > 10:
                    self.end(signal.SIGKILL)
                continue
            if now - self.before.wall > limit:
                self.ended = f"not done within {limit:.0f} s"
            elif now - looked.wall > STALLED_AFTER:
                reading = self.servers.reading(pid)
                passed, looked = reading.since(looked), reading
                if passed.source + passed.target + passed.client < STALLED_CPU:
                    self.ended = f"hung: nobody worked for {STALLED_AFTER} s"
            if self.ended:
                asked_to_end = now
                self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, how)
        except ProcessLookupError:
            pass
