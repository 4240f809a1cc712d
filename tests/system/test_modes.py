"""Pauses and modes on a real daemon, with the operator's own commands, also across the death of the controller."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pcloud.model.words import Choice
from pcloud.records.fact import DECISION
from pcloud.records.status import ResourceStatus
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

TARGET = "group/m1/sleeper"
GRACE = 1.0  # seconds, as the specs say
KEYS = f"restart: {{verify: {GRACE:g}s}}"
APPROVE = "mode: approve, restart: {verify: 20s}"


def sleeper(daemon: Daemon) -> ResourceStatus:
    (service,) = daemon.assembly("group", "m1").resources
    return service


def until_failed(daemon: Daemon) -> None:
    until(lambda: sleeper(daemon).state == "failed", "its end is seen")


def until_much_has_been_seen(daemon: Daemon) -> None:
    """The daemon brings up something else, and looks at everything several times meanwhile."""
    daemon.bring_up(group("other"))


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def restarted(daemon: Daemon, dead: int) -> int:
    """Wait until the service is well, as another process."""
    daemon.until_state("group", "healthy")
    pid = daemon.pid("group", "m1", "sleeper")
    assert pid != dead
    assert lives(pid)
    return pid


@pytest.mark.parametrize("killed", [False, True], ids=["", "and the controller dies meanwhile"])
def test_what_fails_during_a_pause_is_restarted_after_it_and_its_grace(daemon: Daemon, pcloud: Pcloud, killed: bool) -> None:
    daemon.bring_up(group(recovery=KEYS))
    assert pcloud("pause", "group", "--owner", "ann", "--reason", "new disks").code == 0
    mark = daemon.newest()
    dead = daemon.kill_service("group", "m1")
    until_failed(daemon)
    if killed:
        daemon.kill()
        daemon.start()
        until_failed(daemon)
    (pause,) = daemon.client.status("group").pauses
    assert (pause.owner, pause.reason) == ("ann", "new disks")
    assert "group is paused by ann until " in pcloud("deployable", "status", "group").out
    assert daemon.decided(mark) == [], daemon.story(mark)

    assert pcloud("resume", "group", "--owner", "bob").out == "group is not paused\n"
    restarted(daemon, dead)
    assert daemon.decided(mark) == [(TARGET, "restart")], daemon.story(mark)
    facts = daemon.client.facts("group", limit=1000)
    acted = daemon.until_event(lambda event: event.record is not None and event.record.choice is Choice.ACT, "it is decided", mark)
    (resumed,) = (fact for fact in facts if fact.kind == "ResumeAsked")
    (decided,) = (fact for fact in facts if (DECISION, acted.decision) in [(each.kind, each.id) for each in fact.ordered])
    assert decided.clock >= resumed.clock + GRACE


def test_nothing_is_restarted_before_somebody_says_yes_nor_after_a_no(daemon: Daemon, pcloud: Pcloud, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts"
    daemon.end()
    daemon.config.write_text(f"alert_command = {json.dumps(f'cat >> {alerts}')}\n")
    daemon.start()
    daemon.bring_up(group(recovery=APPROVE))
    mark = daemon.newest()
    dead = daemon.kill_service("group", "m1")
    until(lambda: sleeper(daemon).held == "restart waits for a yes", "a yes is waited for")
    until(lambda: alerts.exists() and "waits for approval" in alerts.read_text(), "somebody is called")
    assert json.loads(alerts.read_text().splitlines()[0])["deployable"] == "group"
    assert daemon.pid("group", "m1", "sleeper") == dead

    assert pcloud("approve", TARGET, "--owner", "ann").code == 0
    second = restarted(daemon, dead)
    assert pcloud("approve", TARGET).code == 4, "nothing waits any more"

    os.kill(second, 9)
    until(lambda: sleeper(daemon).held == "restart waits for a yes", "a yes is waited for again")
    assert pcloud("deny", TARGET, "--owner", "bob", "--reason", "not now").code == 0
    denied = daemon.until_event(lambda event: "denied by bob: not now" in event.reason, "it is denied", mark)
    assert denied.alert
    until_much_has_been_seen(daemon)
    assert sleeper(daemon).state == "held"
    assert daemon.pid("group", "m1", "sleeper") == second

    assert pcloud("approve", TARGET, "--owner", "carl").code == 0, "a yes wakes what had a no"
    restarted(daemon, second)


def test_what_waits_for_a_yes_still_waits_after_the_controller_has_died(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.bring_up(group(recovery=APPROVE))
    mark = daemon.newest()
    dead = daemon.kill_service("group", "m1")
    until(lambda: sleeper(daemon).held == "restart waits for a yes", "a yes is waited for")
    daemon.kill()
    daemon.start()
    until_much_has_been_seen(daemon)
    assert sleeper(daemon).held == "restart waits for a yes", daemon.story(mark)
    assert daemon.pid("group", "m1", "sleeper") == dead
    assert pcloud("approve", "group", "--owner", "ann").code == 0
    restarted(daemon, dead)
    assert daemon.decided(mark, Choice.HOLD) == [(TARGET, "restart")], daemon.story(mark)


def test_what_is_observed_only_is_told_and_not_done(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.bring_up(group(recovery="mode: observe, restart: {failures: 2, verify: 1s}, reboot: {verify: 20s}"))
    mark = daemon.newest()
    boot = (daemon.root("group", "m1") / "run" / "boot_id").read_text()
    dead = daemon.kill_service("group", "m1")
    daemon.until_event(lambda event: event.record is not None and event.record.action == "restart", "a restart would be done", mark)
    assert f"{TARGET} would have been restarted" in pcloud("explain", TARGET).out
    daemon.until_event(lambda event: event.record is not None and event.record.action == "reboot", "then a reboot would be", mark)
    assert "group/m1 would have been rebooted" in pcloud("explain", "group/m1").out
    assert daemon.pid("group", "m1", "sleeper") == dead
    assert (daemon.root("group", "m1") / "run" / "boot_id").read_text() == boot
    assert daemon.decided(mark) == [], daemon.story(mark)
    assert not [event for event in daemon.events(mark) if event.to in {"restarting", "rebooting"}], daemon.story(mark)
