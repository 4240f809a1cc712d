"""Modes: what is only observed, what waits for a yes, and beginning again with what was given up (policy.md section 5)."""

from __future__ import annotations

import pytest

from pcloud.model import events
from pcloud.model.words import Choice, Mode, Rung
from tests.policy.plans import one, recovery
from tests.policy.world import World, silent

# observe


def observing() -> World:
    return World(one(recovery(mode=Mode.OBSERVE)))


def test_observing_records_what_would_have_been_done_and_does_nothing() -> None:
    world = observing()
    mark = world.mark()
    world.ail("db/mysqld", cure=None)
    world.advance(7200)
    assert world.did(mark) == []
    would = [each.record.action for each in world.reports(mark) if each.record is not None and each.record.choice is Choice.HOLD]
    assert would[:6] == [Rung.RESTART, Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH, Rung.RESTART, Rung.RESTART][: len(would)][:6]
    assert "failure 1 of 3 in 10m: would be restarting (observed only)" in world.lines(mark)[0]


def test_observing_takes_each_action_as_done_and_not_verified_until_the_ladder_ends() -> None:
    world = observing()
    world.ail("db/mysqld", cure=None)
    world.advance(4 * 3600)
    assert world.word() == "exhausted"
    assert world.alerts()


def test_observing_goes_on_watching_what_heals_by_itself() -> None:
    world = observing()
    world.ail("db/mysqld")
    world.advance(10)
    world.heal("db/mysqld")
    assert world.word() == "healthy"
    assert "recovered by itself" in world.lines()[-3]


def test_observing_a_silent_machine_says_what_it_would_do() -> None:
    world = observing()
    world.vanish("db")
    mark = world.mark()
    world.advance(100)
    assert world.did(mark) == []
    assert any("relaunching (observed only)" in each for each in world.lines(mark))


# approve


def approving() -> World:
    world = World(one(recovery(mode=Mode.APPROVE)))
    world.ail("db/mysqld")
    return world


def answer(world: World, *, approved: bool, assembly: str = "", resource: str = "") -> None:
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=approved, assembly=assembly, resource=resource, reason="on call"))


def test_a_recovery_waits_for_a_yes_and_then_asks_the_guards() -> None:
    world = approving()
    mark = world.mark()
    world.advance(600)
    assert world.did(mark) == []
    assert world.word() == "held"
    answer(world, approved=True)
    assert world.did(mark) == ["RestartResource db"]
    assert "app/db/mysqld  approved: approved by ada: on call" in world.lines(mark)
    assert world.word() == "healthy"


def test_a_yes_for_something_else_changes_nothing() -> None:
    world = approving()
    mark = world.mark()
    answer(world, approved=True, assembly="web")
    assert world.did(mark) == []


def test_what_has_healed_meanwhile_needs_no_yes() -> None:
    world = approving()
    world.heal("db/mysqld")
    mark = world.mark()
    answer(world, approved=True)
    assert world.did(mark) == []
    assert world.word() == "healthy"


def test_a_no_leaves_it_alone_until_it_is_well() -> None:
    world = approving()
    mark = world.mark()
    answer(world, approved=False, assembly="db", resource="mysqld")
    world.advance(7200)
    assert world.did(mark) == []
    assert world.word() == "held"
    assert world.alerts()[1:] == ["denied by ada: on call: no restart"]
    world.heal("db/mysqld")
    assert world.word() == "healthy"


def test_an_hour_without_an_answer_is_a_no_that_a_later_yes_revives() -> None:
    world = approving()
    mark = world.mark()
    world.advance(3601)
    assert world.alerts()[1:] == ["nobody approved it within 1h: no restart"]
    assert world.did(mark) == []
    answer(world, approved=True)
    assert world.did(mark) == ["RestartResource db"]


def test_a_reboot_waits_for_a_yes_too() -> None:
    world = World(one(recovery(mode=Mode.APPROVE)))
    mark = silent(world, seconds=0)
    world.anchors = True
    world.advance(200)
    assert world.did(mark) == []
    assert world.word("db") == "held"
    answer(world, approved=True, assembly="db")
    assert world.did(mark)[0] == "RebootAssembly db"


# retry and cleanup


@pytest.mark.parametrize("word", [events.RetryAsked, events.CleanupAsked])
def test_what_is_exhausted_begins_again_at_the_lowest_rung(word: type[events.RetryAsked | events.CleanupAsked]) -> None:
    world = World(one(recovery(allow=Rung.RESTART)))
    world.ail("db/mysqld", cure=None)
    world.advance(600)
    assert world.word() == "exhausted"
    mark = world.mark()
    world.host("db").ill["mysqld"].cure = Rung.RESTART
    world.feed(word(at=0, owner="ada"))
    world.advance(1)
    assert world.did(mark) == ["RestartResource db"]
    assert world.word() == "healthy"


def test_a_cleanup_forgets_what_was_counted() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.feed(events.CleanupAsked(at=0, assembly="db", resource="mysqld"))
    mark = world.mark()
    world.ail("db/mysqld")
    assert "failure 1 of 3 in 10m" in world.lines(mark)[0]
