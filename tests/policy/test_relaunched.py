"""What a controller that has just started learns of the last minute: its guards allow so many relaunches in one (policy.md section 5)."""

from __future__ import annotations

from dpe.policy.standing import relaunched
from pcloud.model import actions
from pcloud.model.words import InstanceStatus
from tests.policy.arrangements import fails
from tests.policy.plans import one, recovery, rung
from tests.policy.world import World


def ages(world: World) -> list[tuple[str, int]]:
    return [(each.infrastructure, round(each.ago)) for each in relaunched(world.state, world.now)]


def gone() -> World:
    """A world whose database is gone, and cannot be launched for now."""
    world = fails(World(one(recovery(relaunch=rung(5, 3600.0)))), actions.LaunchInstance, "503")
    world.vanish("db")
    return world


def begun(world: World) -> list[float]:
    return list(world.state.assemblies["db"].recoveries)


def test_each_relaunch_that_has_failed_counts_for_a_minute() -> None:
    world = gone()
    while len(begun(world)) < 2:
        world.advance(1)
    assert ages(world) == [("lab", round(world.now - at)) for at in begun(world)]
    assert relaunched(world.state, world.now + 60) == ()


def test_one_that_is_under_way_is_shown_by_the_standing_and_not_counted_twice() -> None:
    world = World(one())
    world.outcomes[actions.LaunchInstance] = lambda action: None
    world.vanish("db")
    while not begun(world):
        world.advance(1)
    assert world.state.assemblies["db"].recovery is not None
    assert ages(world) == []


def test_a_reboot_alone_is_none() -> None:
    world = World(one())
    world.host("db").status = InstanceStatus.SHUTOFF
    world.look()
    world.advance(100)
    assert "RebootAssembly db" in world.did()
    assert world.now - begun(world)[-1] < 60
    assert ages(world) == []
