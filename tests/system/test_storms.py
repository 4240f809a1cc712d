"""Too many machines in trouble at once, and machines that have to wait for each other: the guards of a real daemon hold, and say so."""

from __future__ import annotations

import pytest

from cpe.shell.infrastructures.local.processes import freeze, thaw
from pcloud.model.words import Choice
from pcloud.records.event import EventRecord
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

STORM = "held by storm: 3 of 6 unhealthy, at most 2"
FROZEN = ("m1", "m2", "m3")
HELD = [(f"group/{name}", "reboot") for name in FROZEN]


def waiting(daemon: Daemon) -> list[str]:
    """The machines that a storm keeps from being rebooted."""
    return [each.name for each in daemon.client.status("group").assemblies if each.held == f"reboot {STORM}"]


def held_by_a_storm(daemon: Daemon) -> int:
    """A group of six of which three are frozen and held; returns the journal's place before that."""
    daemon.bring_up(group(count=6))
    mark = daemon.newest()
    for name in FROZEN:
        freeze(daemon.node("group", name))
    until(lambda: waiting(daemon) == list(FROZEN), f"all three are held by a storm: {daemon.story(mark)}")
    return mark


def test_a_storm_holds_what_more_than_two_in_five_would_need_until_the_operator_says_otherwise(daemon: Daemon, pcloud: Pcloud) -> None:
    mark = held_by_a_storm(daemon)
    assert f"reboot {STORM} (for " in pcloud("deployable", "status", "group").out
    assert sorted(daemon.decided(mark, Choice.HOLD)) == HELD, daemon.story(mark)
    assert any(event.kind == "storm" and "3 of 6 unhealthy, at most 2" in event.reason for event in daemon.events(mark))
    said = " ".join(pcloud("explain", "group/m1").out.split())
    assert "a guard stood in the way when it was time to reboot group/m1" in said
    assert "3 of 6 unhealthy, at most 2" in said

    assert pcloud("assembly", "reboot", "group/m1").code == 0
    until(lambda: daemon.assembly("group", "m1").state == "healthy", "the one that the operator reboots is well")
    for name in FROZEN[1:]:
        thaw(daemon.node("group", name))
    daemon.until_state("group", "healthy")
    acted = [event.target for event in daemon.events(mark) if event.to == "rebooting"]
    assert acted == ["group/m1"], daemon.story(mark)


def test_a_storm_outlives_the_controller_and_the_same_failure_is_not_counted_twice(daemon: Daemon) -> None:
    mark = held_by_a_storm(daemon)
    daemon.kill()
    daemon.start()
    again = daemon.until_event(lambda event: event.kind == "resumed", "it is taken up", mark).seq
    until(lambda: sorted(daemon.decided(again, Choice.HOLD)) == HELD, f"each is held again: {daemon.story(mark)}")
    assert waiting(daemon) == list(FROZEN)
    assert {event.record.failures for event in daemon.events(mark) if event.record is not None and event.record.action} == {1}
    assert not [event for event in daemon.events(mark) if event.to == "rebooting"], daemon.story(mark)
    for name in FROZEN:
        thaw(daemon.node("group", name))
    daemon.until_state("group", "healthy")
    assert not [event for event in daemon.events(mark) if event.to == "rebooting"], daemon.story(mark)


AT_ONCE = "restart: {failures: 1}"  # a service that fails has its machine rebooted


@pytest.mark.parametrize(("names", "guard"), [(["one", "two"], "serial"), (["group"], "deployable_cap")], ids=["two deployables", "one"])
def test_in_a_small_group_one_recovery_verifies_before_the_next_begins(daemon: Daemon, names: list[str], guard: str) -> None:
    machines = [(name, f"m{number}") for name in names for number in range(1, 4 - len(names))]
    for name in names:
        daemon.create(group(name, 3 - len(names), AT_ONCE))
        daemon.client.start(name)
    for name in names:
        daemon.until_state(name, "healthy")
    mark = daemon.newest()
    for name, machine in machines:
        daemon.kill_service(name, machine)
    for name in names:
        daemon.until_event(lambda event, name=name: event.deployable == name and event.to == "healthy" and not event.assembly, "well", mark)  # type: ignore[misc]
    turns = [event for event in daemon.events(mark) if event.assembly and not event.resource and event.to in {"rebooting", "healthy"}]
    assert [event.to for event in turns] == ["rebooting", "healthy"] * 2, daemon.story(mark)
    assert turns[0].target == turns[1].target != turns[2].target == turns[3].target
    held = [event for event in daemon.events(mark) if held_by(event, guard)]
    assert [event.target for event in held] == [turns[2].target], daemon.story(mark)


def held_by(event: EventRecord, guard: str) -> bool:
    return event.record is not None and event.record.choice is Choice.HOLD and event.reason.startswith(f"held by {guard}")
