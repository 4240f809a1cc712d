"""The daemon itself: ending, starting again, being alone, and what operators do at bad moments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.processes import members
from pcloud.records.event import EventRecord
from tests.system.running import Daemon, until
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def test_sigterm_leaves_the_machines_alone_and_the_next_start_does_not_disturb_them(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    pids = {node: members(node) for node in daemon.nodes()}
    service = daemon.pid("pair", "back", "service")
    mark = daemon.newest()
    assert daemon.end() == 0
    assert all(set(members(node)) & set(pids[node]) for node in pids)
    daemon.start()
    daemon.until_state("pair", "healthy")
    until(lambda: any(event.kind == "resumed" for event in daemon.events(mark)), "the journal says that it resumed")
    assert daemon.pid("pair", "back", "service") == service
    assert not [event for event in daemon.events(mark) if event.record is not None], daemon.story(mark)


def refused(daemon: Daemon, state: Path, socket: Path) -> str:
    """What a second daemon says that is refused."""
    assert daemon.process is not None
    words = ["--state", state, "--socket", socket, "--config", daemon.config]
    second = subprocess.run([sys.executable, "-m", "cpe.daemon.main", *words], capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 4, second.stderr
    assert daemon.answers()
    return second.stderr


def test_a_second_daemon_on_the_same_state_is_refused(daemon: Daemon, tmp_path: Path) -> None:
    said = refused(daemon, daemon.state, tmp_path / "other.sock")
    assert daemon.process is not None
    assert f"another daemon (process {daemon.process.pid}) works on {daemon.state}" in said
    assert not (tmp_path / "other.sock").exists()


def test_a_second_daemon_on_the_same_socket_is_refused_before_it_makes_anything(daemon: Daemon, tmp_path: Path) -> None:
    said = refused(daemon, tmp_path / "other", daemon.socket)
    assert daemon.process is not None
    assert f"a daemon (process {daemon.process.pid}) is running on {daemon.socket} already" in said
    assert not (tmp_path / "other").exists()


def test_starting_twice_is_starting_once(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    pids = [members(node) for node in daemon.nodes()]
    mark = daemon.newest()
    daemon.client.start("pair")
    daemon.until_event(lambda event: event.kind == "asked", "it was asked for", mark)
    assert not [event for event in daemon.events(mark) if event.record is not None], daemon.story(mark)
    assert len(daemon.running_nodes()) == 2
    assert all(set(members(node)) & set(old) for node, old in zip(daemon.nodes(), pids, strict=True))


@pytest.mark.parametrize("state", ["launching", "booting", "provisioning", "starting"])
def test_stopping_while_it_starts_leaves_no_machine(daemon: Daemon, state: str) -> None:
    name = daemon.create(pair(provision="sleep 1"))
    daemon.client.start(name)
    daemon.until_event(lambda event: event.to == state, f"an assembly is {state}")
    daemon.client.stop(name)
    daemon.until_state(name, "stopped")
    assert daemon.nodes() == []


def test_stop_destroys_the_machines_and_keeps_the_volumes_which_the_next_start_finds(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    daemon.client.stop("pair")
    daemon.until_state("pair", "stopped")
    assert daemon.nodes() == []
    daemon.client.start("pair")
    daemon.until_state("pair", "healthy")
    assert (daemon.root("pair", "back") / "data" / "provisioned").read_text().count("once") == 2
    daemon.client.stop("pair")
    daemon.until_state("pair", "stopped")
    daemon.client.delete("pair", volumes=True)
    assert list((daemon.cloud / "volumes").iterdir()) == []


def test_a_provisioning_script_that_fails_says_so_with_the_end_of_its_output(daemon: Daemon) -> None:
    name = daemon.create(pair(provision="echo the disk is made of cheese; exit 7"))
    daemon.client.start(name)
    daemon.until_state(name, "exhausted", "blocked")
    reason = daemon.client.status(name).reason
    assert "provisioning ended with 7" in reason
    assert "the disk is made of cheese" in reason


def test_a_secret_that_a_script_prints_is_kept_nowhere(daemon: Daemon) -> None:
    value = "correct-horse-battery"
    file = daemon.config.parent / "password"
    file.write_text(f"{value}\n")
    secret = f"    secrets: {{PASSWORD: {{file: {file}}}}}"
    name = daemon.create(pair(extra_back=secret, provision='echo "logged in as $PASSWORD" >&2; exit 7'))
    daemon.client.start(name)
    told = daemon.until_event(lambda event: "provisioning ended with 7" in event.reason, "provisioning has failed")
    assert "logged in as ***" in told.reason
    daemon.client.stop(name)
    daemon.until_state(name, "stopped")
    daemon.end()
    kept = [daemon.log, *(each for each in daemon.state.rglob("*") if each.is_file())]
    assert [each for each in kept if value.encode() in each.read_bytes()] == []


def test_a_service_that_dies_after_every_start_climbs_the_ladder_as_written(daemon: Daemon) -> None:
    recovery = (
        "recovery: {restart: {failures: 2, within: 10m, verify: 1s}, reboot: {failures: 2, within: 1h, verify: 2s}, "
        "relaunch: {failures: 2, within: 6h, verify: 3s}}"
    )
    daemon.bring_up(pair(back_recovery=recovery))
    mark = daemon.newest()
    (daemon.root("pair", "back") / "data" / "sick").touch()

    os.kill(daemon.pid("pair", "back", "service"), signal.SIGKILL)
    daemon.until_event(lambda event: event.to == "exhausted", "it is exhausted", mark, patience=120)
    assert climbed(daemon.events(mark)) == ["restart", "reboot", "relaunch", "exhausted"], daemon.story(mark)


def climbed(events: list[EventRecord]) -> list[str]:
    return [
        str(event.record.action or event.record.choice)
        for event in events
        if event.assembly == "back" and event.record is not None and (event.record.action or event.record.choice == "exhausted")
    ]
