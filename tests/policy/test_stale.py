"""A higher generation than ours proves that we are stale: nothing is done any more until somebody says takeover (policy.md section 6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpe.policy.operator import refusal
from dpe.policy.standing import standing
from pcloud.model import actions, events
from pcloud.model.guards import Standing
from pcloud.model.words import Desired, Guard, InstanceStatus, Rung
from tests.policy.arrangements import fails, hangs, listed, under_way
from tests.policy.plans import PAIR, WORDPRESS
from tests.policy.world import World, silent

WHY = "theirs of db is of generation 4, and ours is 1: another controller, or a later state of this one, looks after it"


def overtaken(world: World | None = None, status: InstanceStatus = InstanceStatus.ACTIVE) -> World:
    """A world in which somebody else has launched the fourth generation of the database."""
    world = world or World(PAIR)
    listed(world, "theirs", 4, status)
    return world


def done_since(world: World, mark: int) -> list[actions.Order]:
    return [each for each in world.log[mark:] if not isinstance(each, actions.Report)]


@pytest.mark.parametrize("status", [each for each in InstanceStatus if each is not InstanceStatus.ABSENT])
def test_a_higher_generation_whatever_its_status_freezes_the_deployable_with_an_alert(status: InstanceStatus) -> None:
    world = World(PAIR)
    mark = world.mark()
    overtaken(world, status)
    assert world.state.stale == WHY
    assert world.alerts(mark) == [f"{WHY}: nothing is done any more"]
    assert (world.word(), world.word("db"), world.word("web")) == ("held", "held", "held")
    [record] = [each.record for each in world.reports(mark) if each.record is not None]
    assert (record.choice, record.rule, record.next) == ("freeze", "section 6", "nothing at all, until somebody says takeover")
    assert done_since(world, mark) == []


def test_nothing_is_done_and_nobody_is_woken_whatever_happens() -> None:
    world = overtaken()
    mark = world.mark()
    world.vanish("web")
    silent(world, "db", seconds=7200)
    world.ail("db/mysqld")
    assert done_since(world, mark) == []
    assert world.state.wake_at is None
    assert world.alerts(mark) == []


@pytest.mark.parametrize("fact", [
    events.OperatorAsked(at=0, desired=Desired.STOPPED),
    events.OperatorAsked(at=0, desired=Desired.RUNNING),
    events.RecoveryAsked(at=0, rung=Rung.REBOOT, assembly="db"),
    events.RecoveryAsked(at=0, rung=Rung.RESTART, assembly="db", resource="mysqld"),
    events.RetryAsked(at=0),
    events.CleanupAsked(at=0),
    events.DeathConfirmed(at=0, assembly="db"),
    events.PauseAsked(at=0, seconds=60.0),
    events.ApprovalGiven(at=0, approved=True),
])  # fmt: skip
def test_nothing_that_is_asked_for_is_done_not_even_a_stop(fact: events.OperatorSaid) -> None:
    world = overtaken()
    before, mark = world.state, world.mark()
    assert refusal(world.state, fact) == f"app is frozen: {WHY}; takeover ends it"
    world.feed(fact)
    assert [each.kind for each in world.reports(mark)] == ["refused"]
    assert done_since(world, mark) == []
    assert replace(world.state, serial=before.serial) == before


def test_what_is_under_way_is_performed_no_more_and_stays_an_open_intent() -> None:
    world = hangs(World(PAIR), actions.RebootAssembly)
    world.order(Rung.REBOOT, "db")
    reboot = under_way(world)
    overtaken(world)
    assert world.open_actions() == []
    assert world.state.assemblies["db"].action == reboot
    world.feed(events.ActionFailed(at=0, action=reboot.id, reason="it was dropped"))
    assert world.state.assemblies["db"].action == reboot


def test_a_launch_that_finds_a_higher_generation_is_not_a_failed_launch() -> None:
    world = fails(World(PAIR, start=False), actions.LaunchInstance, "theirs of db is of generation 4")
    world.inbox += [events.OperatorAsked(at=0, desired=Desired.RUNNING)]
    world.mute = True
    world.feed(events.Ticked(at=0))
    mark = world.mark()
    overtaken(world)
    world.feed(events.ActionFailed(at=0, action="app.2", reason="theirs of db is of generation 4"))
    assert [each.record.choice for each in world.reports(mark) if each.record] == ["freeze"]


def test_it_lasts_across_restarts_of_the_controller_each_of_which_says_so() -> None:
    world = overtaken()
    mark = world.mark()
    for _ in range(2):
        world.resume(away=600.0)
        world.advance(600)
    assert done_since(world, mark) == []
    assert world.alerts(mark) == [f"the controller has started, and still does nothing: {WHY}"] * 2
    assert world.word() == "held"


def test_a_new_spec_is_taken_in_and_nothing_follows_from_it() -> None:
    world = overtaken()
    mark = world.mark()
    world.feed(events.SettingsChanged(at=0, plan=replace(WORDPRESS, name="app")))
    assert done_since(world, mark) == []
    assert set(world.state.assemblies) >= {"mysql", "web"}


def test_permits_that_were_asked_for_are_given_back() -> None:
    world = World(PAIR)
    world.held = Guard.STORM
    world.ail("db/mysqld")
    mark = world.mark()
    overtaken(world)
    assert [each.permit for each in world.log[mark:] if isinstance(each, actions.ReturnPermit)] == world.asked
    world.let_go()
    assert [each for each in world.log[mark:] if not isinstance(each, actions.ReturnPermit | actions.Report)] == []


def test_the_guards_do_not_count_what_somebody_else_looks_after() -> None:
    world = World(PAIR)
    assert len(standing(world.state).assemblies) == 2
    assert standing(overtaken(world).state) == Standing("app")


def test_a_takeover_goes_on_from_the_highest_generation_that_was_seen() -> None:
    world = overtaken()
    listed(world, "theirs-again", 6)
    listed(world, "theirs", 5)
    mark = world.mark()
    world.feed(events.TakeoverAsked(at=0, owner="ada"))
    assert [each.reason for each in world.reports(mark) if each.kind == "takeover"] == [
        "taken over by ada: going on from the highest generation that was seen"
    ]
    assert (world.state.stale, world.state.assemblies["db"].generation, world.state.assemblies["db"].claimed) == ("", 6, 0)
    world.advance(61)
    assert world.word() == "healthy"
    world.order(Rung.RELAUNCH, "db")
    assert world.host("db").instance.generation == 7


def test_after_a_takeover_a_failure_of_before_is_judged_anew() -> None:
    world = overtaken()
    silent(world, "db", seconds=600)
    mark = world.mark()
    world.feed(events.TakeoverAsked(at=0))
    world.advance(50)
    assert not [each for each in world.did(mark) if each == "RebootAssembly db"]
    world.advance(120)
    assert "RebootAssembly db" in world.did(mark)
    world.advance(600)
    assert world.word() == "healthy"


def test_after_a_takeover_the_other_ones_instance_is_a_twin() -> None:
    world = overtaken()
    world.feed(events.TakeoverAsked(at=0))
    world.advance(61)
    mark = world.mark()
    listed(world, "theirs", 4)
    assert [each.instance_id for each in world.log[mark:] if isinstance(each, actions.StopTwin)] == ["theirs"]


def test_a_launch_that_was_dropped_is_begun_anew_under_a_generation_of_its_own() -> None:
    world = hangs(World(PAIR), actions.LaunchInstance)
    world.order(Rung.RELAUNCH, "db")
    overtaken(world)
    world.outcomes.clear()
    mark = world.mark()
    world.feed(events.TakeoverAsked(at=0))
    assert [each.generation for each in world.log[mark:] if isinstance(each, actions.LaunchInstance)] == [5]
    world.advance(61)
    assert (world.word(), world.host("db").instance.generation) == ("healthy", 5)


def test_a_reboot_that_was_dropped_is_done_again_under_its_own_id() -> None:
    world = hangs(World(PAIR), actions.RebootAssembly)
    world.order(Rung.REBOOT, "db")
    reboot = under_way(world)
    overtaken(world)
    world.outcomes.clear()
    mark = world.mark()
    world.feed(events.TakeoverAsked(at=0))
    assert reboot in world.log[mark:]
    world.advance(61)
    assert world.word() == "healthy"


@pytest.mark.parametrize("kind", [actions.DestroyInstance, actions.LaunchInstance])
def test_a_stop_that_was_dropped_goes_on_and_takes_what_the_other_one_left(kind: type[actions.Action]) -> None:
    world = hangs(World(PAIR), kind)
    if kind is actions.LaunchInstance:
        world.order(Rung.RELAUNCH, "db")
    world.stop()
    overtaken(world)
    assert world.word() == "held"
    world.outcomes.clear()
    mark = world.mark()
    world.feed(events.TakeoverAsked(at=0))
    assert world.word() == "stopped"
    assert {each.generation for each in world.log[mark:] if isinstance(each, actions.DestroyInstance) and each.assembly == "db"} == {4}


def test_who_is_not_frozen_has_nothing_to_take_over() -> None:
    world = World(PAIR)
    before, mark = world.state, world.mark()
    word = events.TakeoverAsked(at=0, owner="ada")
    assert refusal(world.state, word) == "app is neither frozen nor only observed: there is nothing to take over"
    assert refusal(overtaken(world.fork()).state, word) == ""
    world.feed(word)
    assert [each.reason for each in world.reports(mark)] == ["app is neither frozen nor only observed: there is nothing to take over"]
    assert replace(world.state, serial=before.serial) == before
