"""Instances that run and should not: a late twin or a lower generation found in any list is stopped (policy.md section 6)."""

from __future__ import annotations

import pytest

from pcloud.model import actions, events
from pcloud.model.state import Twin
from pcloud.model.words import Desired, InstanceStatus, Mode, Rung
from tests.policy.arrangements import fails, hangs, launched_in_silence, listed, under_way
from tests.policy.plans import one, recovery
from tests.policy.world import World


def third() -> World:
    """One machine, of its third generation; the second is kept, off."""
    world = World(one())
    for _ in range(2):
        world.order(Rung.RELAUNCH, "db")
    return world


def stops(world: World, since: int = 0) -> list[str]:
    """The instances whose stop was ordered."""
    return [each.instance_id for each in world.log[since:] if isinstance(each, actions.StopTwin)]


def test_a_lower_generation_that_runs_is_stopped_with_an_alert() -> None:
    world = third()
    mark = world.mark()
    listed(world, "late", 1)
    assert stops(world, mark) == ["late"]
    assert world.alerts(mark) == ["late of generation 1 runs beside db-3 of generation 3: stopping it"]
    assert world.state.assemblies["db"].twins == ()
    assert world.word() == "healthy"


def test_a_twin_of_the_current_generation_is_stopped() -> None:
    world = third()
    listed(world, "db-3-again", 3)
    assert stops(world) == ["db-3-again"]


def test_a_kept_instance_that_somebody_started_is_stopped_and_kept() -> None:
    world = third()
    world.machines["db-2"].status = InstanceStatus.ACTIVE
    listed(world, "db-2", 2)
    assert stops(world) == ["db-2"]
    assert world.machines["db-2"].status is InstanceStatus.SHUTOFF
    assert [each.instance_id for each in world.state.assemblies["db"].retired] == ["db-2"]


@pytest.mark.parametrize("status", [each for each in InstanceStatus if each not in {"SHUTOFF", "ABSENT", "ERROR"}])
def test_whatever_is_not_off_runs(status: InstanceStatus) -> None:
    world = third()
    listed(world, "late", 1, status)
    assert stops(world) == ["late"]


@pytest.mark.parametrize("status", [InstanceStatus.SHUTOFF, InstanceStatus.ABSENT, InstanceStatus.ERROR])
def test_what_does_not_run_is_left_alone_and_is_no_news(status: InstanceStatus) -> None:
    world = third()
    before, mark = world.state, world.mark()
    listed(world, "db-2", 2, status)
    assert (world.state, world.log[mark:]) == (before, [])


def test_the_current_instance_is_no_twin_of_itself() -> None:
    world = third()
    before, mark = world.state, world.mark()
    listed(world, "db-3", 3)
    assert (world.state, world.log[mark:]) == (before, [])


def test_what_is_listed_of_something_that_the_plan_does_not_hold_changes_nothing() -> None:
    world = third()
    before = world.state
    listed(world, "late", 1, name="nobody")
    assert world.state is before


def test_several_are_stopped_one_after_the_other() -> None:
    world = hangs(third(), actions.StopTwin)
    mark = world.mark()
    for each in ("one", "two", "one"):
        listed(world, each, 1)
    assert stops(world, mark) == ["one"]
    world.outcomes.clear()
    world.feed(events.ActionDone(at=0, action=under_way(world).id))
    assert stops(world, mark) == ["one", "two"]
    assert world.state.assemblies["db"].twins == ()


def test_a_stop_that_fails_is_tried_again_and_said_once() -> None:
    world = fails(third(), actions.StopTwin, "503")
    mark = world.mark()
    listed(world, "late", 1)
    world.advance(100)
    assert stops(world, mark) == ["late"] * 4
    assert world.alerts(mark) == [
        "late of generation 1 runs beside db-3 of generation 3: stopping it",
        "stopping late failed: 503; again every 30s",
    ]
    world.outcomes.clear()
    world.advance(31)
    assert (world.state.assemblies["db"].twins, world.state.assemblies["db"].twin) == ((), None)


def test_one_that_is_off_when_it_is_listed_again_is_stopped_no_more() -> None:
    world = fails(third(), actions.StopTwin, "503")
    listed(world, "late", 1)
    mark = world.mark()
    listed(world, "late", 1, InstanceStatus.SHUTOFF)
    world.advance(100)
    assert stops(world, mark) == []


def test_what_is_listed_of_the_generation_that_is_being_launched_may_become_the_current_instance() -> None:
    world = hangs(World(one(), start=False), actions.LaunchInstance)
    world.start()
    listed(world, "db-1", 1)
    listed(world, "db-1-again", 1)
    assert stops(world) == []
    launch = under_way(world)
    assert isinstance(launch, actions.LaunchInstance)
    world.feed(events.InstanceLaunched(at=0, action=launch.id, instance=world.launch(launch)))
    assert stops(world) == ["db-1-again"]
    assert world.word() == "healthy"


def test_the_late_child_of_a_launch_that_was_given_up_is_stopped_when_the_next_one_begins() -> None:
    world = hangs(World(one(), start=False), actions.LaunchInstance)
    world.start()
    listed(world, "late", 1)
    given_up = under_way(world)
    world.outcomes.clear()
    world.feed(events.ActionFailed(at=0, action=given_up.id, reason="no answer"))
    world.advance(120)
    assert stops(world) == ["late"]
    assert world.host("db").instance.generation == 2


def test_a_pause_is_waited_for() -> None:
    world = third()
    world.feed(events.PauseAsked(at=0, owner="ada", assembly="db", reason="a look at its disk", seconds=3600))
    mark = world.mark()
    listed(world, "db-2", 2)
    world.advance(3500)
    assert stops(world, mark) == []
    world.advance(200)
    assert stops(world, mark) == ["db-2"]


def test_where_all_is_observed_only_it_is_told_and_not_done() -> None:
    world = World(one(recovery(mode=Mode.OBSERVE)))
    world.order(Rung.RELAUNCH, "db")
    mark = world.mark()
    listed(world, "db-1", 1)
    world.advance(100)
    assert stops(world, mark) == []
    assert world.alerts(mark) == ["db-1 of generation 1 runs beside db-2 of generation 2: it would be stopped (observed only)"]


def test_a_storm_or_a_cap_does_not_stand_before_it() -> None:
    world = World(one())
    world.order(Rung.RELAUNCH, "db")
    mark = world.mark()
    listed(world, "db-1", 1)
    assert not [each for each in world.log[mark:] if isinstance(each, actions.AskPermit)]
    assert stops(world, mark) == ["db-1"]


def test_the_next_controller_stops_what_its_predecessor_had_begun_to_stop() -> None:
    world = hangs(third(), actions.StopTwin)
    listed(world, "late", 1)
    world.outcomes.clear()
    mark = world.mark()
    world.resume()
    assert stops(world, mark) == ["late"]
    assert world.state.assemblies["db"].twins == ()


def test_a_stop_of_the_deployable_waits_for_no_twin() -> None:
    world = hangs(third(), actions.StopTwin)
    listed(world, "late", 1)
    world.stop()
    assert world.word() == "stopped"
    assert (world.state.assemblies["db"].twin, world.state.assemblies["db"].twins) == (None, ())


def test_nothing_new_is_stopped_singly_while_the_deployable_is_being_stopped() -> None:
    world = hangs(third(), actions.DestroyInstance)
    world.stop()
    listed(world, "late", 1)
    assert stops(world) == []
    assert world.state.desired is Desired.STOPPED


def test_what_is_found_running_when_nothing_should_is_stopped() -> None:
    world = third()
    world.stop()
    mark = world.mark()
    listed(world, "late", 3)
    assert stops(world, mark) == ["late"]
    assert world.alerts(mark) == ["late of generation 3 runs and should not: stopping it"]
    assert world.word() == "stopped"


def test_a_twin_is_in_the_row_until_it_is_off() -> None:
    world = launched_in_silence()
    listed(world, "late", 1)
    assert world.state.assemblies["db"].twins == (Twin("late", "lab", 1),)
    world.feed(events.ActionDone(at=0, action=under_way(world).id))
    assert world.state.assemblies["db"].twins == ()


def kept(world: World) -> list[tuple[str, bool]]:
    return [(each.instance_id, each.twin) for each in world.state.assemblies["db"].retired]


def test_a_stopped_twin_stays_for_a_day_beside_what_failed_and_is_then_deleted() -> None:
    world = third()
    listed(world, "late", 1)
    assert kept(world) == [("db-2", False), ("late", True)]
    mark = world.mark()
    world.interval = 600.0
    world.advance(86399.0)
    assert world.did(mark) == []
    world.advance(1.0)
    assert [each.instance_id for each in world.log[mark:] if isinstance(each, actions.DiscardInstance)] == ["db-2", "late"]
    assert kept(world) == []


def test_with_keep_failed_0_a_twin_is_deleted_as_soon_as_it_is_off() -> None:
    world = World(one(recovery(keep_failed=0)))
    listed(world, "late", 1)
    assert (stops(world), world.did()[-1], kept(world)) == (["late"], "DiscardInstance db", [])


def test_a_lower_generation_that_is_found_off_and_that_nobody_knows_stays_and_one_that_was_never_built_does_not() -> None:
    world = third()
    listed(world, "off", 1, InstanceStatus.SHUTOFF)
    assert (stops(world), kept(world)) == ([], [("db-2", False), ("off", True)])
    listed(world, "broken", 2, InstanceStatus.ERROR)
    assert (world.did()[-1], kept(world)) == ("DiscardInstance db", [("db-2", False), ("off", True)])


def test_what_is_being_launched_is_never_kept_for_deletion() -> None:
    world = hangs(World(one()), actions.LaunchInstance)
    world.order(Rung.RELAUNCH, "db")
    listed(world, "coming", 2, InstanceStatus.SHUTOFF)
    assert kept(world) == [("db-1", False)]


@pytest.mark.parametrize("status", [InstanceStatus.SHUTOFF, InstanceStatus.ERROR])
def test_who_only_observes_keeps_nothing_for_deletion(status: InstanceStatus) -> None:
    world = World(one(recovery(mode=Mode.OBSERVE)))
    listed(world, "off", 1, status)
    assert kept(world) == []
