"""A controller that must not trust itself only observes until somebody says takeover (policy.md section 6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpe.policy.operator import refusal
from pcloud.model import actions, events
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import Choice, Desired, Guard, Mode, Phase, Rung
from tests.policy.arrangements import listed
from tests.policy.doubting import MOVED, done_since, doubting, take_over
from tests.policy.plans import PAIR, WORDPRESS, one, quick_pair
from tests.policy.world import World, silent


def choices(world: World, since: int = 0) -> list[tuple[Choice, Rung | None]]:
    return [(each.record.choice, each.record.action) for each in world.reports(since) if each.record is not None]


def test_it_is_decided_once_with_its_reason_and_an_alert() -> None:
    world = World(PAIR)
    mark = world.mark()
    doubting(world)
    assert world.state.observing == MOVED
    assert world.alerts(mark) == [f"{MOVED}: only observing from now on"]
    [report] = [each for each in world.reports(mark) if each.record is not None]
    assert report.record is not None
    assert (report.record.choice, report.record.rule, report.record.evidence) == (Choice.HOLD, "section 6.9", (MOVED,))
    assert report.record.next == "nothing by itself, until somebody says takeover"
    assert world.word() == "healthy", "what is well is well"


@pytest.mark.parametrize("mode", Mode)
def test_what_fails_is_told_and_not_mended_whatever_the_spec_says_until_somebody_takes_over(mode: Mode) -> None:
    world = doubting(World(quick_pair(mode)))
    mark = world.mark()
    world.ail("db/mysqld")
    world.advance(30)
    assert choices(world, mark)[0] == (Choice.HOLD, Rung.RESTART)
    assert "restarting (observed only)" in world.lines(mark)[0]
    silent(world, "web", seconds=3600)
    assert done_since(world, mark) == []
    assert world.word("db/mysqld") == "exhausted", "it has climbed to the end, as it would have"


def test_a_takeover_begins_on_what_is_seen_then_from_the_lowest_rung() -> None:
    world = doubting()
    world.ail("db/mysqld")
    world.advance(7200)
    assert world.word("db") == "exhausted"
    doubted = world.state.doubt
    mark = take_over(world)
    [said] = [each for each in world.reports(mark) if each.kind == "takeover"]
    assert (said.reason, said.decision) == ("taken over by ada (it is ours): acting again, on what is seen from now on", doubted)
    assert world.did(mark) == ["RestartResource db"]
    assert (world.state.observing, world.word()) == ("", "healthy")
    assert any("failure 1 of 3" in each for each in world.lines(mark))


def test_a_silent_machine_is_rebooted_after_the_takeover() -> None:
    world = doubting()
    mark = silent(world, seconds=1800)
    assert done_since(world, mark) == []
    mark = take_over(world)
    world.advance(300)
    assert world.did(mark)[0] == "RebootAssembly db"
    assert world.word() == "healthy"


def test_what_waits_for_the_guards_is_observed_and_its_permit_goes_back() -> None:
    world = World(one())
    world.held = Guard.STORM
    world.ail("db/mysqld")
    mark = world.mark()
    doubting(world)
    assert [each.permit for each in world.log[mark:] if isinstance(each, actions.ReturnPermit)] == world.asked
    world.let_go()
    world.advance(60)
    assert done_since(world, mark) == []


def test_what_waits_for_a_yes_is_observed_and_a_yes_begins_nothing() -> None:
    world = World(quick_pair(Mode.APPROVE))
    world.ail("db/mysqld")
    mark = world.mark()
    doubting(world)
    assert refusal(world.state, events.ApprovalGiven(at=0, approved=True)) == "nothing waits for approval at app"
    world.feed(events.ApprovalGiven(at=0, approved=True))
    world.advance(30)
    assert done_since(world, mark) == []


def test_what_waits_for_its_delay_does_not_begin_when_that_is_over() -> None:
    world = World(one())
    for _ in range(2):
        world.ail("db/mysqld")
    mark = world.mark()
    world.resume(away=3600.0, doubt=MOVED)
    world.advance(60)
    assert done_since(world, mark) == []


@pytest.mark.parametrize(("fact", "expected"), [
    (events.RecoveryAsked(at=0, rung=Rung.RESTART, assembly="db", resource="mysqld"), "RestartResource db"),
    (events.RecoveryAsked(at=0, rung=Rung.REBOOT, assembly="db"), "RebootAssembly db"),
    (events.RecoveryAsked(at=0, rung=Rung.RELAUNCH, assembly="db"), "LaunchInstance db"),
    (events.OperatorAsked(at=0, desired=Desired.STOPPED), "DestroyInstance db"),
])  # fmt: skip
def test_what_is_asked_for_by_hand_is_done_to_its_end(fact: events.OperatorSaid, expected: str) -> None:
    world = doubting()
    mark = world.mark()
    world.feed(fact)
    world.advance(60)
    assert expected in world.did(mark)
    assert world.word() == ("stopped" if isinstance(fact, events.OperatorAsked) else "healthy")
    assert world.state.observing == MOVED


def test_it_lasts_across_restarts_each_of_which_says_so() -> None:
    world = doubting()
    mark = world.mark()
    world.resume(away=600.0)
    world.ail("db/mysqld")
    world.advance(60)
    assert world.alerts(mark) == [f"the controller has started, and still only observes: {MOVED}"]
    assert done_since(world, mark) == []


def test_a_changed_parameter_waits_for_the_takeover() -> None:
    world = doubting(World(WORDPRESS))
    configured = world.state.assemblies["web"].configured
    mark = world.mark()
    world.order(Rung.RELAUNCH, "mysql")
    world.advance(120)
    assert not [each for each in world.did(mark) if each.endswith("web")]
    assert world.state.assemblies["web"].configured == configured
    mark = take_over(world)
    world.advance(60)
    assert "StartResources web" in world.did(mark)
    assert world.word() == "healthy"


def test_a_changed_parameter_that_waits_for_a_yes_waits_for_the_takeover_instead() -> None:
    world = World(approving(WORDPRESS))
    world.order(Rung.RELAUNCH, "mysql")
    world.advance(120)
    waiting = world.state.assemblies["web"].recovery
    assert waiting is not None
    assert (waiting.rung, waiting.phase) == (Rung.RESTART, Phase.APPROVAL)
    mark = world.mark()
    doubting(world)
    world.advance(7200)
    assert done_since(world, mark) == []
    assert any("changed: not before somebody says takeover" in each for each in world.lines(mark))
    mark = take_over(world)
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=True))
    world.advance(60)
    assert "StartResources web" in world.did(mark)
    assert world.word() == "healthy"


def approving(plan: DeployablePlan) -> DeployablePlan:
    """The plan with a yes before every recovery."""
    return replace(plan, assemblies=tuple(replace(each, recovery=replace(each.recovery, mode=Mode.APPROVE)) for each in plan.assemblies))


def test_a_machine_that_was_rebooted_in_good_order_is_not_taken_up() -> None:
    world = doubting()
    mark = world.mark()
    world.feed(events.GuestStopping(at=0, assembly="db", generation=1))
    world.host("db").reboot()
    world.look()
    world.advance(60)
    assert done_since(world, mark) == []
    assert any("no failure: would be starting what runs on it (observed only)" in each for each in world.lines(mark))
    mark = take_over(world)
    world.advance(60)
    assert world.word() == "healthy"


def test_twins_are_told_of_and_kept_instances_stay() -> None:
    world = World(PAIR)
    world.order(Rung.RELAUNCH, "db")
    world.advance(10)
    doubting(world)
    mark = world.mark()
    listed(world, "late", 1)
    world.advance(2 * 86400)
    assert done_since(world, mark) == []
    assert any("late of generation 1 runs beside" in each for each in world.alerts(mark))
    assert world.state.assemblies["db"].retired
    mark = take_over(world)
    world.advance(60)
    assert "DiscardInstance db" in world.did(mark)


def test_one_word_ends_both_holds() -> None:
    world = World(PAIR)
    listed(world, "theirs", 4)
    doubting(world)
    assert (bool(world.state.stale), world.state.observing) == (True, MOVED)
    mark = take_over(world)
    assert (world.state.stale, world.state.observing) == ("", "")
    [said] = [each.reason for each in world.reports(mark) if each.kind == "takeover"]
    assert said == (
        "taken over by ada (it is ours): going on from the highest generation that was seen; acting again, on what is seen from now on"
    )
    world.advance(61)
    assert world.word() == "healthy"


def test_a_refused_takeover_changes_nothing() -> None:
    world = World(PAIR)
    before = world.state
    world.feed(events.TakeoverAsked(at=0))
    assert replace(world.state, serial=before.serial) == before


def test_nothing_shows_as_recovering_that_is_only_observed() -> None:
    world = doubting()
    world.ail("db/mysqld")
    world.advance(10)
    assert [world.word(target) for target in ("db/mysqld", "db", "")] == ["failed", "failed", "failed"]
