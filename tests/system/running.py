"""A real daemon in a directory of its own, with real machines of the embedded cloud, cleaned up whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import kill_all, members
from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.model.words import Choice
from pcloud.records.event import EventRecord
from pcloud.records.fact import FactRecord
from pcloud.records.requests import SpecUpload
from pcloud.records.status import AssemblyStatus, DeployableStatus
from pcloud.replay.comparing import replayed
from pcloud.replay.report import ReplayReport
from tests.agents.processes import children_of, send

T = TypeVar("T")
PATIENCE = 60.0  # seconds for a condition that is sure to come; a loaded machine needs a few of them
LOOK = 0.02


def until(look: Callable[[], T | None], what: str, patience: float = PATIENCE, pause: float = LOOK) -> T:
    """Wait until ``look`` returns something true, and return it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise AssertionError(f"did not come true within {patience:g}s: {what}")


class Daemon:
    """One controller process and what it manages."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.socket = directory / "api.sock"
        self.log = directory / "log"
        self.config = directory / "pcloud.toml"
        self.config.touch()
        self.environment: dict[str, str] = {}  # beside our own
        self.pause = LOOK  # seconds between two looks: more where many daemons share a machine
        self.process: subprocess.Popen[bytes] | None = None
        self.client = Client(self.socket)

    # the process

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "cpe.daemon.main", "--state", self.state, "--socket", self.socket, "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", **self.environment},
            )

    def start(self) -> None:
        self.process = self.spawn()
        until(self.answers, f"the daemon answers: {self.log_end()}", pause=self.pause)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}: {self.log_end()}"
        try:
            return self.client.daemon().pid == self.process.pid
        except PcloudError:
            return False

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.process = None
        return code

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def clear(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)  # a machine that it has just begun carries no mark of its own yet
            begun = children_of(self.process.pid)
            self.process.kill()
            self.process.wait()
            for pid in begun:
                send(pid, signal.SIGKILL)
        self.client.close()
        for node in self.nodes():
            kill_all(node)

    # what it manages

    @property
    def cloud(self) -> Path:
        return self.state / "clouds" / "local"

    def nodes(self) -> list[Path]:
        nodes = self.cloud / "nodes"
        return (
            sorted(node for node in nodes.iterdir() if not node.name.startswith(".")) if nodes.is_dir() else []
        )  # others are not made yet

    def running_nodes(self) -> list[Path]:
        return [node for node in self.nodes() if members(node)]

    def destroy_behind_the_back(self, instance_id: str) -> None:
        driver = LocalNodeDriver(self.cloud)
        driver.destroy_node(driver.ex_get_node(instance_id))

    def create(self, source: str, name: str = "spec.yaml", files: dict[str, str] | None = None) -> str:
        return self.client.create(SpecUpload(source=source, path=name, files=files or {})).name

    def bring_up(self, source: str) -> DeployableStatus:
        name = self.create(source)
        self.client.start(name)
        return self.until_state(name, "healthy")

    def until_state(self, name: str, *states: str, patience: float = PATIENCE) -> DeployableStatus:
        def look() -> DeployableStatus | None:
            status = self.client.status(name)
            return status if status.state in states else None

        try:
            return until(look, f"{name} is {' or '.join(states)}", patience, self.pause)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story()}\n{self.log_end()}") from error

    def assembly(self, name: str, assembly: str) -> AssemblyStatus:
        return next(each for each in self.client.status(name).assemblies if each.name == assembly)

    def root(self, name: str, assembly: str) -> Path:
        instance = self.assembly(name, assembly).instance
        assert instance is not None
        return self.cloud / "nodes" / instance.id / "root"

    def node(self, name: str, assembly: str) -> Path:
        return self.root(name, assembly).parent

    def kill_service(self, name: str, assembly: str, resource: str = "sleeper") -> int:
        pid = self.pid(name, assembly, resource)
        os.kill(pid, signal.SIGKILL)
        return pid

    def pid(self, name: str, assembly: str, resource: str) -> int:
        return int((self.root(name, assembly) / "run" / "pcloud" / f"{resource}.pid").read_text().split()[0])

    # what it says

    def replayed(self, name: str) -> ReplayReport:
        facts: list[FactRecord] = []
        while more := self.client.facts(name, after=facts[-1].seq if facts else 0, limit=500):
            facts.extend(more)
        return replayed(name, facts, self.events())

    def events(self, after: int = 0) -> list[EventRecord]:
        found: list[EventRecord] = []
        while more := self.client.events(after=found[-1].seq if found else after, limit=500):
            found.extend(more)
        return found

    def newest(self) -> int:
        events = self.client.events(last=True, limit=1)
        return events[-1].seq if events else 0

    def until_event(self, wanted: Callable[[EventRecord], bool], what: str, after: int = 0, patience: float = PATIENCE) -> EventRecord:
        def look() -> EventRecord | None:
            return next((event for event in self.events(after) if wanted(event)), None)

        try:
            return until(look, what, patience, self.pause)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story(after)}\n{self.log_end()}") from error

    def decided(self, after: int, choice: Choice = Choice.ACT) -> list[tuple[str, str]]:
        """The decisions of one kind to do something: each target, and what is to be done to it."""
        return [
            (event.target, str(event.record.action))
            for event in self.events(after)
            if event.record is not None and event.record.choice is choice and event.record.action is not None
        ]

    def story(self, after: int = 0) -> str:
        return "\n".join(
            f"{event.at:%H:%M:%S.%f} {event.target} {event.from_} -> {event.to}: {event.reason}" for event in self.events(after)
        )
