"""Alerts reach the operator's command, also across the death of the daemon that raised them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.agents.processes import marked
from tests.api.specs import BLOG
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    try:
        yield made
    finally:
        made.clear()
    until(lambda: not marked(str(made.state)), "no process of its machines is left", 10)


def commanded(daemon: Daemon, command: str) -> None:
    daemon.config.write_text(f"alert_command = {json.dumps(command)}\n")


def blocked(daemon: Daemon) -> None:
    """A deployable that asks for an image that the cloud does not have."""
    daemon.create(BLOG.replace("image: host", "image: none"))
    daemon.client.start("blog")
    daemon.until_event(lambda event: event.kind == "alert", "an alert is raised")


def test_an_alert_that_a_killed_daemon_was_handing_over_is_handed_over_by_the_next(daemon: Daemon, tmp_path: Path) -> None:
    pid, file = tmp_path / "pid", tmp_path / "alerts"
    commanded(daemon, f"echo $$ > {pid}; exec sleep 1000")
    daemon.start()
    blocked(daemon)
    until(lambda: pid.exists() and pid.read_text().strip(), "the command runs")
    daemon.kill()
    with suppress(ProcessLookupError):
        os.kill(int(pid.read_text()), signal.SIGKILL)
    commanded(daemon, f"cat >> {file}")
    daemon.start()
    alerts = daemon.client.events(kind="alert")
    until(lambda: file.exists() and len(file.read_text().splitlines()) >= len(alerts), "all are handed over")
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["seq"] for one in told] == [one.seq for one in alerts]
    assert told[0]["deployable"] == "blog"
    assert "none" in told[0]["reason"]


def test_a_daemon_ends_quickly_while_a_command_runs(daemon: Daemon, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    commanded(daemon, f"echo $$ > {pid}; exec sleep 1000")
    daemon.start()
    blocked(daemon)
    until(lambda: pid.exists() and pid.read_text().strip(), "the command runs")
    assert daemon.end() == 0
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()
