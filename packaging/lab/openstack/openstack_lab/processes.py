"""Daemons: each in a session of its own, its output in one log, its process id and start time on record.

The record is what ``status``, ``stop`` and ``start`` go by. Nobody is killed by it alone: whoever is meant must be in the room too.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from openstack_lab import room
from openstack_lab.commands import ENVIRONMENT, telling
from openstack_lab.errors import LabError
from openstack_lab.services.common import Daemon
from openstack_lab.settings import Settings, write_private

PATIENCE = 300.0  # seconds; ten times what the slowest takes on a loaded machine
PAUSE = 0.1  # seconds between two looks


@dataclass(frozen=True)
class Running:
    """One daemon's first process. ``started`` is the kernel's, in ticks since boot: with it the number is that of one process only."""

    name: str
    pid: int
    started: int

    def lives(self) -> bool:
        return start_time(self.pid) == self.started


def start_time(pid: int) -> int | None:
    """None where there is no such process, or only its corpse."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in ("Z", "X") else int(words[19])


class Daemons:
    """Starts the daemons of one lab, from within its room."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self, daemon: Daemon) -> None:
        home = str(self._settings.state / "home")
        with log_of(self._settings, daemon.name).open("ab") as log, self._lock:
            child = subprocess.Popen(
                daemon.argv,
                env=ENVIRONMENT | {"HOME": home} | dict(daemon.env),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._children[daemon.name] = child
        started = start_time(child.pid)
        record(self._settings, Running(daemon.name, child.pid, started if started is not None else -1))

    def until(self, daemon: str, ready: Callable[[], object], what: str) -> None:
        """Waits for ``ready``; a daemon that takes too long is an error that shows its log, as is one of any name that ends meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise LabError(f"{daemon}: {what} did not come about within {PATIENCE:.0f} s; its log ends{self._why(daemon)}")
            time.sleep(PAUSE)

    def until_answers(self, daemon: Daemon) -> None:
        if daemon.port is not None:
            port = daemon.port
            self.until(daemon.name, lambda: answers(self._settings.api, port), f"an answer on port {port}")

    def check(self) -> None:
        """None of them ends by itself, unless it cannot go on."""
        with self._lock:
            ended = [(name, child.returncode) for name, child in self._children.items() if child.poll() is not None]
        for name, status in ended:
            raise LabError(f"{name} ended with status {status}{self._why(name)}")

    def until_ended(self, daemon: str) -> None:
        """One that was told to end."""
        with self._lock:
            child = self._children.pop(daemon)
        child.wait(PATIENCE)

    def _why(self, daemon: str) -> str:
        log = log_of(self._settings, daemon)
        return f"{telling(log.read_text(errors='replace'))}\n    the whole of it: {log}"


def answers(address: str, port: int) -> bool:
    """Whether an HTTP service says anything but that it is not ready."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def log_of(settings: Settings, daemon: str) -> Path:
    return settings.logs / f"{daemon}.log"


def record(settings: Settings, running: Running) -> None:
    write_private(settings.run / f"{running.name}.json", json.dumps({"name": running.name, "pid": running.pid, "started": running.started}))


def recorded(settings: Settings) -> list[Running]:
    found = (json.loads(path.read_text()) for path in sorted(settings.run.glob("*.json")))
    return [Running(**words) for words in found]


def session(settings: Settings, name: str) -> list[room.Member]:
    """All processes of one daemon: those of its session that are in the room."""
    first = next((each for each in recorded(settings) if each.name == name), None)
    if first is None:
        return []
    return [member for member in room.members(settings.home) if member.session == first.pid]
