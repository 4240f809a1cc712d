"""What becomes of instances that were fenced and replaced (policy.md section 6, ``keep_failed``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcloud.model import actions, events
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import Retired
from pcloud.model.words import InstanceStatus, Rung
from tests.policy.arrangements import fails, hangs
from tests.policy.plans import assembly, deployable, recovery, resource
from tests.policy.world import World

DAY = 86400.0


def pair(keep: int = 1) -> DeployablePlan:
    """A database, of which so many old instances are kept, and the web."""
    return deployable(
        assembly("db", resource("mysqld"), volumes=True, recovery=recovery(keep_failed=keep)), assembly("web", resource("apache"))
    )


def relaunched(times: int = 1, keep: int = 1, between: float = 60.0) -> World:
    """A world in which the database was relaunched so often."""
    world = World(pair(keep))
    world.interval = 60.0
    for _ in range(times):
        world.order(Rung.RELAUNCH, "db")
        world.advance(between)
    return world


def old(world: World) -> set[str]:
    """The instances that are there beside the current ones."""
    return set(world.machines) - {world.host("db").instance.id, "web-1"}


def test_the_old_instance_stays_and_is_off() -> None:
    world = relaunched()
    assert (world.word(), old(world)) == ("healthy", {"db-1"})
    assert world.machines["db-1"].status is InstanceStatus.SHUTOFF
    assert world.state.assemblies["db"].retired == (Retired("db-1", "lab", at=0.0, generation=1),)


def test_it_is_deleted_a_day_after_it_was_fenced() -> None:
    world = relaunched()
    world.advance(DAY - 61.0)
    assert old(world) == {"db-1"}
    world.advance(1.0)
    assert old(world) == set()
    assert world.did()[-1] == "DiscardInstance db"
    assert world.word() == "healthy"


def test_whoever_sleeps_is_woken_at_the_end_of_the_day() -> None:
    world = relaunched()
    world.mute = True
    assert world.state.wake_at is not None
    assert world.state.wake_at <= DAY


def test_only_the_newest_stay_and_the_oldest_goes_when_the_new_one_is_up() -> None:
    world = relaunched(2)
    assert old(world) == {"db-2"}
    world = relaunched(4, keep=2)
    assert old(world) == {"db-3", "db-4"}


def test_each_has_a_day_of_its_own() -> None:
    world = relaunched(2, keep=2, between=3600.0)
    world.advance(DAY - 7200.0)
    assert old(world) == {"db-2"}
    world.advance(3600.0)
    assert old(world) == set()


def test_nothing_is_deleted_before_the_new_one_is_up() -> None:
    world = relaunched()
    hangs(world, actions.StartResources)
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    world.advance(10)
    assert (old(world), "DiscardInstance db" in world.did(mark)) == ({"db-1", "db-2"}, False)
    del world.outcomes[actions.StartResources]
    world.performing.clear()
    world.look()
    assert world.did(mark)[-1] == "DiscardInstance db"
    assert old(world) == {"db-2"}


def test_with_keep_failed_0_what_was_replaced_is_deleted_when_its_successor_is_up() -> None:
    world = World(pair(0))
    hangs(world, actions.StartResources)
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    assert "DiscardInstance db" not in world.did(mark)
    del world.outcomes[actions.StartResources]
    world.performing.clear()
    world.look()
    assert world.did(mark)[-1] == "DiscardInstance db"
    assert old(world) == set()


def test_a_spec_that_keeps_fewer_takes_effect_at_once_one_after_the_other() -> None:
    world = relaunched(3, keep=3)
    mark = world.mark()
    world.feed(events.SettingsChanged(at=0, plan=pair(1)))
    assert old(world) == {"db-3"}
    assert world.did(mark) == ["DiscardInstance db"] * 2


def test_a_discard_that_fails_is_tried_again_and_said_once() -> None:
    world = World(pair(0))
    fails(world, actions.DiscardInstance, "503")
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    world.advance(100)
    assert world.did(mark).count("DiscardInstance db") == 4
    assert world.alerts(mark) == ["discarding db-1 failed: 503; again every 30s"]
    del world.outcomes[actions.DiscardInstance]
    world.advance(31)
    assert old(world) == set()


def test_of_one_that_was_gone_already_nothing_is_kept_in_the_place_of_another() -> None:
    world = relaunched()
    world.vanish("db")
    world.advance(300)
    assert (world.word(), old(world)) == ("healthy", {"db-1"})
    assert [each.instance_id for each in world.state.assemblies["db"].retired] == ["db-1"]


def test_a_refused_relaunch_deletes_all_that_is_kept_and_then_tries_once_more() -> None:
    world = relaunched()
    world.outcomes[actions.LaunchInstance] = lambda action: (
        events.ActionRefused(at=0, action=action.id, reason="quota") if len(old_of(world)) else world.perform(action)
    )
    mark = world.mark()
    world.order(Rung.RELAUNCH, "db")
    discards = ["DiscardInstance db"] * 2
    assert world.did(mark)[:5] == ["FenceInstance db", "LaunchInstance db", *discards, "LaunchInstance db"]
    assert (world.word(), old(world)) == ("healthy", set())


def old_of(world: World) -> set[str]:
    """The database's instances that are off."""
    return {key for key, each in world.machines.items() if each.status is InstanceStatus.SHUTOFF}


def test_a_stop_deletes_all_of_them() -> None:
    world = relaunched(3, keep=3)
    world.stop()
    assert (world.word(), world.machines) == ("stopped", {})


def test_a_stop_is_not_over_before_the_last_of_them_is_deleted() -> None:
    world = relaunched()
    world.outcomes[actions.DestroyInstance] = lambda action: events.ActionDone(at=0, action=action.id)  # that leaves what else there is
    fails(world, actions.DiscardInstance, "503")
    world.stop()
    assert world.word() == "stopping"
    world.outcomes.clear()
    world.advance(31)
    assert world.word() == "stopped"


@pytest.mark.parametrize("away", [0.0, 3600.0, 2 * DAY])
def test_a_controller_that_was_away_goes_on_keeping_them_for_the_rest_of_their_day(away: float) -> None:
    world = relaunched()
    world.resume(away=away)
    world.advance(61)
    assert old(world) == ({"db-1"} if away < DAY else set())


def test_the_deletion_that_was_under_way_is_done_again_by_the_next_controller() -> None:
    world = World(pair(0))
    hangs(world, actions.DiscardInstance)
    world.order(Rung.RELAUNCH, "db")
    world.outcomes.clear()
    world.resume()
    assert old(world) == set()
    assert world.state.assemblies["db"].retired == ()


def test_they_change_nothing_that_is_shown() -> None:
    assert (relaunched().word("db"), relaunched().word()) == ("healthy", "healthy")


def test_an_assembly_that_leaves_the_plan_stays_while_an_old_instance_of_it_is_kept() -> None:
    world = relaunched()
    left = replace(pair(), assemblies=pair().assemblies[1:])
    world.feed(events.SettingsChanged(at=0, plan=left))
    world.stop()
    assert (world.word(), world.machines) == ("stopped", {})
