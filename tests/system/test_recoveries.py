"""The three recoveries on real machines, and the controller killed in the middle of each."""

from __future__ import annotations

import os
import signal

import pytest

from cpe.shell.infrastructures.local.processes import freeze
from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord
from pcloud.replay.report import Comparison
from tests.system.running import Daemon
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def actions(events: list[EventRecord], assembly: str = "back") -> list[Rung | None]:
    """What was decided and not withdrawn: of a silence that the controller did not see to its end nothing is left after its restart."""
    withdrawn = {event.decision for event in events if event.kind == "withdrawn"}
    return [
        event.record.action
        for event in events
        if event.assembly == assembly and event.record is not None and event.record.choice is Choice.ACT and event.decision not in withdrawn
    ]


def kill_service(daemon: Daemon) -> None:
    os.kill(daemon.pid("pair", "back", "service"), signal.SIGKILL)


def freeze_machine(daemon: Daemon) -> None:
    freeze(daemon.root("pair", "back").parent)


def destroy_machine(daemon: Daemon) -> None:
    instance = daemon.assembly("pair", "back").instance
    assert instance is not None
    daemon.destroy_behind_the_back(instance.id)


FAULTS = {Rung.RESTART: kill_service, Rung.REBOOT: freeze_machine, Rung.RELAUNCH: destroy_machine}


def heal(daemon: Daemon, rung: Rung, cut: str) -> list[EventRecord]:
    """Break the back machine, and see it healed; the daemon is killed when the recovery has come to ``cut``."""
    daemon.bring_up(pair())
    mark = daemon.newest()
    FAULTS[rung](daemon)
    daemon.until_event(lambda event: event.record is not None and event.record.action is rung, f"a {rung} is decided", mark)
    if cut not in {"", "decided"}:
        daemon.until_event(lambda event: event.assembly == "back" and event.to == cut, f"it is {cut}", mark)
    if cut:
        daemon.kill()
        daemon.start()
    daemon.until_event(lambda event: event.assembly is None and event.to == "healthy", "healthy again", mark)
    daemon.until_state("pair", "healthy")
    assert {row.comparison for row in daemon.replayed("pair").decisions} == {Comparison.SAME}
    return daemon.events(mark)


CUTS = [
    *((rung, cut) for rung in FAULTS for cut in ("", "decided")),
    (Rung.REBOOT, "booting"),
    (Rung.REBOOT, "verifying"),
    (Rung.RELAUNCH, "launching"),
    (Rung.RELAUNCH, "provisioning"),
    (Rung.RELAUNCH, "verifying"),
]


@pytest.mark.parametrize(("rung", "cut"), CUTS, ids=[f"{rung}, daemon killed when {cut}" if cut else str(rung) for rung, cut in CUTS])
def test_a_fault_is_healed_by_its_own_rung_and_leaves_one_generation(daemon: Daemon, rung: Rung, cut: str) -> None:
    events = heal(daemon, rung, cut)
    back = daemon.assembly("pair", "back").instance
    assert back is not None
    assert back.generation == (2 if rung is Rung.RELAUNCH else 1), daemon.story()
    assert actions(events) == [rung], daemon.story()
    assert len(daemon.running_nodes()) == 2
    assert (daemon.root("pair", "back") / "data" / "provisioned").read_text().count("once") == back.generation
    backs = (daemon.root("pair", "front") / "backs").read_text().split()
    assert backs[-1] == back.address
    assert len(backs) == back.generation, "configured again only when the address changed"
