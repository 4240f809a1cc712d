"""``process:`` is started while its starter is killed at any moment: it is recorded, or it does not run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.resources import start_script
from pcloud.model.plan import ProcessAgent, ResourcePlan
from tests.agents.processes import kill_marked, marked, send, until_now
from tests.agents.shells import install_shell

ROUNDS = 25
SERVICE = "sleep 1034"

pytestmark = pytest.mark.real


class Starter:
    """Starts one service under one root, as an action does: in a process group that can be killed whole."""

    def __init__(self, place: Path, shell: str, user: str) -> None:
        self.root = place / "root"
        self.root.mkdir()
        self.marker = f"PCLOUD_ROOT={self.root}\0"
        self._shell, self._path = install_shell(shell, place / "bin")
        self._script = start_script(ResourcePlan("worker", ProcessAgent(SERVICE, user=user, directory="/")), 90.0)

    def begin(self) -> subprocess.Popen[bytes]:
        environment = {"PATH": self._path, "PCLOUD_ROOT": str(self.root)}
        return subprocess.Popen(
            [self._shell, "-c", self._script], stdin=subprocess.DEVNULL, env=environment, start_new_session=True, cwd="/"
        )

    def start(self) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        assert self.begin().wait(60) == 0
        return time.monotonic() - began

    def services(self) -> list[int]:
        return [pid for pid, command in marked(self.marker).items() if command.startswith(SERVICE)]

    def settled(self) -> list[int]:
        """The services, once all else that was begun has become one or ended."""
        until_now(lambda: all(command.startswith(SERVICE) for command in marked(self.marker).values()))
        return self.services()

    def recorded(self) -> int:
        return int((self.root / "run/pcloud/worker.pid").read_text().split()[0])

    def end_services(self) -> None:
        """All of them, whoever is about to become one included."""

        def none_left() -> bool:
            for pid in self.services():
                send(pid, signal.SIGKILL)
            return not marked(self.marker)

        until_now(none_left)


KINDS = [("dash", ""), ("bash", ""), ("busybox", ""), ("dash", "nobody")]


@pytest.fixture(params=KINDS, ids=lambda kind: " as ".join(filter(None, kind)))
def starter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Starter]:
    shell, user = request.param
    if user and os.geteuid() != 0:
        pytest.skip("only root may start a process as another user")
    made = Starter(tmp_path, shell, user)
    try:
        yield made
    finally:
        kill_marked(made.marker)


def test_a_starter_that_is_killed_at_any_moment_leaves_a_recorded_service_or_none(starter: Starter) -> None:
    usual = starter.start()
    for _ in range(ROUNDS):
        starter.end_services()
        cut = starter.begin()
        time.sleep(random.uniform(0, 1.2 * usual))
        os.killpg(cut.pid, signal.SIGKILL)
        cut.wait(60)
        starter.start()  # at once: what the killed one has begun may still be on its way
        assert len(starter.settled()) <= 1
        starter.start()
        assert starter.settled() == [starter.recorded()]


def test_a_service_that_no_record_names_does_not_begin(starter: Starter) -> None:
    record = starter.root / "run/pcloud/worker.pid.new"
    record.mkdir(parents=True)  # nothing can be recorded
    assert starter.begin().wait(60) == 1
    assert starter.settled() == []
