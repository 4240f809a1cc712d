"""What a machine said last goes into the journal before the machine is replaced (policy.md section 6)."""

from __future__ import annotations

from pcloud.model import actions, events
from pcloud.model.words import InstanceStatus, Rung
from tests.policy.plans import PAIR
from tests.policy.world import World


def relaunched(console: str) -> list[str]:
    """The journal of a relaunch whose fence brings this along."""
    world = World(PAIR)

    def fence(action: actions.Action) -> events.Event:
        world.host(action.assembly).status = InstanceStatus.SHUTOFF
        return events.InstanceFenced(at=0, action=action.id, console=console)

    world.outcomes[actions.FenceInstance] = fence
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].generation == 2
    return world.lines(mark)


def test_the_end_of_the_console_is_in_the_journal_before_the_launch() -> None:
    lines = relaunched("Kernel panic - not syncing")
    [kept] = [each for each in lines if "evidence" in each]
    assert kept == "app/db  evidence: the end of its console: Kernel panic - not syncing"
    launching = next(each for each in lines if "launching" in each)
    assert lines.index(kept) < lines.index(launching)


def test_a_machine_that_said_nothing_leaves_no_evidence() -> None:
    assert [each for each in relaunched("") if "evidence" in each] == []
