"""The watcher by itself, under each of the shells that a machine may have as its /bin/sh."""

from __future__ import annotations

import os
import queue
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.probes import Probe
from agents.statuses import COMMAND
from agents.watcher import reader_command, watcher_program
from agents.watcher.protocol import Begun, Line, Result, parse, probe_set
from tests.agents.processes import PATIENCE, kill_marked

SHELLS = ("dash", "bash", "busybox", "posix")


def install_shell(name: str, place: Path) -> tuple[Path, str]:
    """The shell's path, and the PATH of a machine that has it: busybox brings its own utilities, posix has neither setsid nor ps of GNU."""
    place.mkdir()
    if name == "busybox":
        subprocess.run(["busybox", "--install", "-s", place], check=True, timeout=30)
        return place / "sh", str(place)
    if name == "posix":
        for tool in ("sh", "ps", "awk", "sleep", "kill", "head", "tail", "tr", "cat"):
            (place / tool).symlink_to(str(shutil.which(tool)))
        return place / "sh", str(place)
    return Path(str(shutil.which(name))), os.environ["PATH"]


class Watcher:
    """A watcher process; ``lines`` are what it said, parsed, noise left out."""

    def __init__(self, process: subprocess.Popen[bytes], marker: str) -> None:
        self.process = process
        self._marker = marker
        self._lines: queue.Queue[Line] = queue.Queue(10_000)
        self._reader = threading.Thread(target=self._read, name="watcher's lines")
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            if (line := parse(raw.rstrip(b"\n"))) is not None:
                self._lines.put(line)

    def say(self, words: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(words)
        self.process.stdin.flush()

    def line(self) -> Line:
        return self._lines.get(timeout=PATIENCE)

    def result(self, index: int = 0) -> Result:
        """The next result of that probe."""
        while True:
            line = self.line()
            if isinstance(line, Result) and line.index == index:
                return line

    def all_pass(self, number: int) -> None:
        """Each of the first ``number`` probes, in whatever order they end."""
        waited_for = set(range(number))
        while waited_for:
            line = self.line()
            if isinstance(line, Result):
                assert line.status == "0"
                waited_for.discard(line.index)

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> None:
        """Whatever state it is in; the processes of a watcher that does not end by itself are ended by their marker."""
        try:
            self.close_stdin()
            self.process.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait(10)
        finally:
            kill_marked(self._marker)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def run_watcher(shell: Path, path: str, marker: str) -> Iterator[Watcher]:
    """A watcher that has begun, with ``marker`` in the environment of all that it starts."""
    name, value = marker.split("=", 1)
    process = subprocess.Popen(
        shlex.split(reader_command(str(shell)).removeprefix("exec ")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": path, name: value},
        start_new_session=True,
    )
    watcher = Watcher(process, marker)
    try:
        watcher.say(watcher_program())
        assert isinstance(watcher.line(), Begun)
        yield watcher
    finally:
        watcher.end()


def commands(*texts: str, interval: float = 0.2, timeout: float = 5.0) -> list[Probe]:
    return [Probe("r", str(index), text, interval, timeout, COMMAND) for index, text in enumerate(texts)]


def words(probes: Sequence[Probe], serial: int = 1, heartbeat: float = 0.2) -> bytes:
    return probe_set(serial, probes, seed="test", heartbeat=heartbeat, provision=False)
