"""A unit that systemd restarts by itself (policy.md section 1, NRestarts): counted, and acted upon only when the window is full."""

from __future__ import annotations

from pcloud.model import events
from pcloud.model.plan import RecoverySettings
from pcloud.model.words import Rung
from tests.policy.plans import assembly, deployable, resource, rung
from tests.policy.world import World


def unit() -> World:
    """A healthy unit; three failures in ten minutes fill its window, and a restart has 60 s to verify."""
    settings = RecoverySettings(restart=rung(3, 600.0, verify=60.0), allow=Rung.RELAUNCH)
    world = World(deployable(assembly("db", resource("mysqld", recovery=settings))))
    assert world.word() == "healthy"
    tell(world, 0)
    return world


def tell(world: World, restarts: int) -> None:
    world.say(events.ProbePassed, "db", resource="mysqld", probe="", reason="", restarts=restarts)
    world.feed(events.Ticked(at=world.now))


def failures(world: World) -> int:
    return len(world.state.assemblies["db"].resources["mysqld"].failures)


def test_a_restart_by_systemd_is_recorded_and_nothing_is_done() -> None:
    world = unit()
    mark = world.mark()
    tell(world, 1)
    assert failures(world) == 1
    assert world.did(mark) == []
    assert any("restarted by systemd; failure 1 of 3 in 10m" in line for line in world.lines(mark))


def test_it_counts_once_within_the_time_to_verify_however_often_it_happens() -> None:
    world = unit()
    for count in range(1, 20):
        tell(world, count)
        world.advance(1.0)
    assert failures(world) == 1


def test_a_full_window_reboots() -> None:
    world = unit()
    mark = world.mark()
    for count in (1, 2, 3):
        tell(world, count)
        world.advance(100.0)
    assert [line for line in world.did(mark) if "Reboot" in line] != []
    assert world.word() == "healthy"


def test_a_counter_that_begins_anew_is_no_failure() -> None:
    world = unit()
    tell(world, 5)
    world.advance(100.0)
    tell(world, 0)
    tell(world, 0)
    assert failures(world) == 1


def test_the_first_count_that_is_told_is_no_failure() -> None:
    world = World(deployable(assembly("db", resource("mysqld"))))
    tell(world, 7)
    assert failures(world) == 0
