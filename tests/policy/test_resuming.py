"""A controller that is killed at any instant and started again ends where it would have ended (policy.md section 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pcloud.model import actions, events
from pcloud.model.plan import MonitorPlan
from pcloud.model.state import DeployableState
from pcloud.model.words import Rung, Stage
from tests.policy.plans import assembly, deployable, one, resource
from tests.policy.world import World

PATIENT = MonitorPlan(silence=20.0)
PAIR = deployable(
    assembly("db", resource("mysqld", port=3306), volumes=True, monitor=PATIENT),
    assembly("web", resource("apache"), after=("db",), configure="#!/bin/sh", parameters=(("DB", "${db.address}"),)),
)


def cuts(scenario: Callable[[World], None], *, lost: bool, start: bool = True, away: float = 0.0) -> list[World]:
    """The scenario's world as it was after each change of its state, if there the controller was killed and started again.

    ``lost``: what that step ordered was done all the same, and its answers are lost. ``away``: for so many seconds nobody looked.
    """
    world, found = World(PAIR, start=start), list[World]()

    def keep(before: DeployableState, event: events.Event, after: DeployableState, orders: Sequence[actions.Order]) -> None:
        if after is not before:
            found.append(world.fork())

    world.watch = keep
    scenario(world)
    for each in found:
        if lost:
            each.fit_actions()
        each.resume(away)
    return found


def die(world: World) -> None:
    world.ail("db/mysqld")
    world.advance(30)


def hang(world: World) -> None:
    world.freeze("db")
    world.advance(30)


@pytest.mark.parametrize("lost", [False, True], ids=["before-it-acts", "answers-lost"])
def test_a_start_that_is_cut_anywhere_ends_healthy_with_one_generation(*, lost: bool) -> None:
    worlds = cuts(World.start, lost=lost, start=False)
    assert len(worlds) > 10
    for step, world in enumerate(worlds):
        world.advance(10)
        assert world.word() == "healthy", f"cut after step {step}"
        assert set(world.machines) == {"db-1", "web-1"}


@pytest.mark.parametrize("lost", [False, True], ids=["before-it-acts", "answers-lost"])
def test_a_stop_that_is_cut_anywhere_ends_with_nothing_left(*, lost: bool) -> None:
    worlds = cuts(World.stop, lost=lost)
    assert len(worlds) >= 5
    for step, world in enumerate(worlds):
        world.advance(10)
        assert world.word() == "stopped", f"cut after step {step}"
        assert world.machines == {}


@pytest.mark.parametrize("away", [30.0, 2000.0])  # not so long that what the peers reached is forgotten
@pytest.mark.parametrize("scenario", [die, hang], ids=["restart", "reboot"])
def test_time_in_which_nobody_looked_proves_nothing(scenario: Callable[[World], None], away: float) -> None:
    """What was half over when the controller was killed (a silence, a delay, a verification) is not judged by the clock alone."""
    for step, world in enumerate(cuts(scenario, lost=True, away=away)):
        world.interval = 20.0
        world.advance(200)
        assert world.word() == "healthy", f"cut after step {step}"
        assert set(world.machines) == {"db-1", "web-1"}, f"cut after step {step}"
        assert sum(isinstance(each, actions.RebootAssembly) for each in world.log) <= 2, f"cut after step {step}"
        assert world.alerts() == []


def test_a_controller_that_comes_back_disturbs_nothing() -> None:
    world = World(PAIR)
    mark = world.mark()
    world.resume()
    world.advance(600)
    assert world.did(mark) == []
    assert world.word() == "healthy"
    assert world.lines(mark) == ["app  resumed: the controller has started and goes on from the store"]


def test_windows_survive_a_restart_of_the_controller() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.resume()
    mark = world.mark()
    world.ail("db/mysqld")
    assert "failure 2 of 3 in 10m: restarting in 5s" in world.lines(mark)[0]


def test_every_deadline_starts_again() -> None:
    world = World(one(), start=False)
    world.outcomes[actions.StartResources] = lambda action: None
    world.start()
    [start] = world.open_actions()
    world.curses.clear()
    world.host("db").running.clear()
    world.feed(events.ActionDone(at=0, action=start.id))
    assert world.state.assemblies["db"].stage is Stage.VERIFYING
    world.advance(590)
    world.resume(590)
    world.advance(590)
    assert world.word("db") == "verifying"
    world.advance(11)
    assert world.word("db") != "verifying"


def test_silence_begins_anew_without_its_witnesses_and_is_not_taken_for_health() -> None:
    world = World(PAIR)
    world.freeze("db")
    world.advance(19)
    mark = world.mark()
    world.resume()
    assert world.word("db") == "suspect"
    world.advance(19)
    assert world.did(mark) == []
    world.advance(10)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_restart_that_was_waiting_begins_on_fresh_evidence_only() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.ail("db/mysqld")
    world.host("db").ill.clear()
    mark = world.mark()
    world.resume(60)
    assert world.word() == "healthy"
    assert world.did(mark) == []


def test_an_open_intent_keeps_its_id_over_a_restart_of_the_controller() -> None:
    world = World(PAIR)
    world.outcomes[actions.RebootAssembly] = lambda action: None
    world.order(Rung.REBOOT, "db")
    [before] = world.open_actions()
    mark = world.mark()
    world.resume()
    assert world.open_actions() == [before]
    assert before in world.log[mark:]
