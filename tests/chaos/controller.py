"""A controller as a process that is started again whenever it ends, as systemd would with Restart=always.

Rules: whoever kills it says so before; what ends otherwise, and was not hindered from starting, is a death of its own, and the judge's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

AGAIN = 0.3
"""Seconds between an end and the next start; systemd's own default is 0.1."""

START = 15.0
"""Seconds from which a daemon, begun while something hindered it, may still end over that: what it read then is told when it is over."""

PRIORITY = "-10"
"""Of the session's share of the CPU, as nice(1) counts: a controller that starves on a busy host is a fault that nobody has drawn."""


class Controller:
    """``command`` is started by ``start``, and again until ``end``. ``deaths``: when and how it ended without having been killed."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str], group: int) -> None:
        self.starts = 0
        self.deaths: list[tuple[float, str]] = []
        self._hindrances, self._free_since = 0, -START  # reasons why it cannot be expected to start now, and since when there are none
        self.before_start: list[Path] = []  # files that are emptied before it is started again
        self._command, self._log, self._environment, self._group = list(map(str, command)), log, dict(environment), group
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._killed = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="supervisor", daemon=True)

    def start(self) -> None:
        self._spawn()
        self._thread.start()

    @property
    def pid(self) -> int:
        process = self._process
        return 0 if process is None else process.pid

    @contextmanager
    def hindered(self) -> Iterator[None]:
        """Inside it cannot be expected to start."""
        self._hindrances += 1
        try:
            yield
        finally:
            self._free_since = time.monotonic()
            self._hindrances -= 1

    def may_start(self) -> bool:
        """Whether nothing hinders it, nor did when it began."""
        return not self._hindrances and time.monotonic() - self._free_since > START

    def environment(self, name: str, value: str) -> None:
        """From the next start on."""
        self._environment[name] = value

    def kill(self) -> None:
        with self._lock:
            self._killed = True
            self.send(signal.SIGKILL)

    def send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self, patience: float = 60.0) -> int:
        """In good order, and not again. Its exit status; SIGKILL when it takes too long."""
        self._over.set()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        process = self._process
        assert process is not None
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _spawn(self) -> None:
        for file in self.before_start:
            file.write_text("")
        with self._lock, self._log.open("ab") as log:
            self._killed = False
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                group=self._group,
                start_new_session=True,  # as a service has: its share of the CPU is its own
                extra_groups=[],
            )
            self.starts += 1
        with suppress(OSError):  # the kernel knows no such groups
            Path(f"/proc/{self._process.pid}/autogroup").write_text(PRIORITY)

    def _keep(self) -> None:
        while True:
            process = self._process
            assert process is not None
            code = process.wait()
            if self._over.is_set():
                return
            told = self._killed or code == -signal.SIGKILL  # at a failpoint it does it itself
            if not told and self.may_start():
                self.deaths.append((time.monotonic(), f"exit status {code}: {self.last_words()}"))
            time.sleep(AGAIN)
            if not self._over.is_set():
                self._spawn()

    def last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-1:]
        return lines[0][-500:] if lines else ""
