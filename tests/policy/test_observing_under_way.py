"""What was under way when a controller began to only observe stands still until somebody takes over (policy.md section 6)."""

from __future__ import annotations

import pytest

from pcloud.model import actions, events
from pcloud.model.words import Rung, Stage
from tests.policy.arrangements import hangs, under_way
from tests.policy.doubting import MOVED, done_since, doubting, take_over
from tests.policy.plans import PAIR, WORDPRESS
from tests.policy.world import World


@pytest.mark.parametrize(("rung", "target", "kind"), [
    (Rung.RESTART, "db/mysqld", actions.RestartResource),
    (Rung.REBOOT, "db", actions.RebootAssembly),
    (Rung.RELAUNCH, "db", actions.FenceInstance),
    (Rung.RELAUNCH, "db", actions.LaunchInstance),
    (Rung.RELAUNCH, "db", actions.StartResources),
])  # fmt: skip
def test_what_was_under_way_stands_still_and_is_taken_up_under_its_own_id(rung: Rung, target: str, kind: type[actions.Action]) -> None:
    world = hangs(World(PAIR), kind)
    world.order(rung, target)
    action = under_way(world)
    world.outcomes.clear()
    mark = world.mark()
    doubting(world)
    world.advance(3600)
    assert done_since(world, mark) == []
    assert world.word("db") == "held"
    mark = take_over(world)
    assert action in world.log[mark:]
    world.advance(120)
    assert world.word() == "healthy"


def test_what_turns_out_to_be_done_is_taken_as_done_and_what_follows_is_opened_only() -> None:
    world = hangs(World(PAIR), actions.FenceInstance)
    world.order(Rung.RELAUNCH, "db")
    fence = under_way(world)
    world.outcomes.clear()
    mark = world.mark()
    doubting(world)
    world.feed(events.InstanceFenced(at=0, action=fence.id))
    launch = world.state.assemblies["db"].action
    assert isinstance(launch, actions.LaunchInstance)
    assert done_since(world, mark) == []
    world.feed(events.InstanceLaunched(at=0, action=launch.id, instance=world.launch(launch)))
    assert world.state.assemblies["db"].stage is Stage.STARTING
    assert done_since(world, mark) == []
    start = world.state.assemblies["db"].action
    assert start is not None
    world.host("db").start("mysqld")
    world.feed(events.ActionDone(at=0, action=start.id))
    world.advance(10)
    assert world.word() == "healthy", "it has come up by itself"
    assert not world.state.assemblies["db"].still


def test_a_start_that_was_under_way_launches_nothing_more() -> None:
    world = hangs(World(WORDPRESS, start=False), actions.LaunchInstance)
    world.start()
    assert world.state.assemblies["web"].stage is Stage.WAITING
    mark = world.mark()
    doubting(world)
    world.outcomes.clear()
    world.advance(3600)
    assert done_since(world, mark) == []
    assert [world.word(name) for name in ("mysql", "web")] == ["held", "held"]
    take_over(world)
    world.advance(60)
    assert world.word() == "healthy"


def test_a_stop_that_was_under_way_destroys_nothing_more() -> None:
    world = hangs(World(PAIR), actions.StopResources)
    world.stop()
    mark = world.mark()
    doubting(world)
    world.outcomes.clear()
    world.advance(3600)
    assert done_since(world, mark) == []
    assert len(world.machines) == 2
    take_over(world)
    assert world.word() == "stopped"


def test_somebodys_start_takes_up_what_stood_still() -> None:
    world = hangs(World(PAIR, start=False), actions.LaunchInstance)
    world.start()
    doubting(world)
    world.outcomes.clear()
    world.start()
    world.advance(60)
    assert (world.word(), world.state.observing) == ("healthy", MOVED)


def test_a_way_up_that_failed_meanwhile_is_begun_again_by_the_takeover() -> None:
    world = doubting()
    world.scripts["db"] = (1, "no space left")
    world.order(Rung.RELAUNCH, "db")
    mark = world.mark()
    world.advance(7200)
    assert done_since(world, mark) == []
    world.scripts.clear()
    mark = take_over(world)
    world.advance(120)
    assert world.did(mark)[:2] == ["FenceInstance db", "LaunchInstance db"]
    assert any("no space left" in each and "failure 1 of 2 in 6h: relaunching" in each for each in world.lines(mark)), world.lines(mark)
    assert world.word() == "healthy"
