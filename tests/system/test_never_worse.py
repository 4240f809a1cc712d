"""What looks like a dead machine and is none: nothing is done to it, and it is said why."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.processes import kill_all, members
from pcloud.model.words import Choice
from tests.system.running import Daemon, until
from tests.system.specs import pair

SILENCE = 2.0  # seconds, as the spec says

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


def node(daemon: Daemon, assembly: str) -> Path:
    return daemon.root("pair", assembly).parent


def kill_sshd(machine: Path) -> None:
    """The listener and every session, but nothing else of the machine."""
    for pid in members(machine):
        with suppress(FileNotFoundError, ProcessLookupError):  # a check that has just ended
            if Path(f"/proc/{pid}/comm").read_text().strip() == "sshd":
                os.kill(pid, signal.SIGKILL)


@contextmanager
def sshd(machine: Path) -> Iterator[None]:
    """Another SSH server for a machine whose own is dead."""
    program = shutil.which("sshd", path="/usr/sbin:/sbin")
    assert program is not None
    config = machine / "ssh" / "sshd_config"
    process = subprocess.Popen([program, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def done_to(daemon: Daemon, after: int, assembly: str = "back") -> list[str]:
    """The actions that were decided."""
    return [
        str(event.record.action)
        for event in daemon.events(after)
        if event.assembly == assembly and event.record is not None and event.record.choice is Choice.ACT
    ]


def state(daemon: Daemon, assembly: str = "back") -> str:
    return daemon.assembly("pair", assembly).state


def test_a_machine_whose_sshd_died_is_held_while_its_service_answers_and_goes_on_when_sshd_is_back(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    service = daemon.pid("pair", "back", "service")
    mark = daemon.newest()
    machine = node(daemon, "back")
    kill_sshd(machine)
    # A peer that is slow to answer is waited for: until then it is held as one without a second sight.
    held = daemon.until_event(lambda event: event.assembly == "back" and "unreachable" in event.reason, "its peer has testified", mark)
    assert state(daemon) == "held"
    assert "front reaches port 7000" in held.reason
    assert held.alert
    with sshd(machine):
        until(lambda: state(daemon) == "healthy", "it is healthy again")
        assert done_to(daemon, mark) == [], daemon.story(mark)
        assert daemon.pid("pair", "back", "service") == service
        kill_all(machine)


@pytest.mark.parametrize("trouble", ["changed host key", "wrong client key"])
def test_a_machine_that_cannot_be_logged_in_to_is_unknown_and_left_alone(daemon: Daemon, trouble: str) -> None:
    daemon.bring_up(pair())
    service = daemon.pid("pair", "back", "service")
    mark = daemon.newest()
    machine = node(daemon, "back")
    changed = machine / "ssh" / ("host_key" if trouble == "changed host key" else "authorized_keys")
    changed.unlink()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", changed], check=True, timeout=20)
    kill_sshd(machine)
    with sshd(machine):
        unknown = daemon.until_event(lambda event: event.assembly == "back" and event.to == "unknown", "it is unknown", mark)
        assert "key" in unknown.reason or "auth" in unknown.reason.lower() or "permission" in unknown.reason.lower()
        until(lambda: (datetime.now(UTC) - unknown.at).total_seconds() > 3 * SILENCE, "long enough for a silence to be judged")
        assert state(daemon) == "unknown"
        assert done_to(daemon, mark) == [], daemon.story(mark)
        os.kill(service, 0)
        kill_all(machine)
