"""A policy that would break one of its own invariants is not followed: that deployable halts, aloud, and the others go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

import dpe.shell.deciding
from cpe.shell.guards import Overseer
from dpe.policy.step import Step, step
from pcloud.errors import RefusedError
from pcloud.model.actions import RestartResource
from pcloud.model.events import Event, PauseAsked, ProbeFailed, RecoveryAsked
from pcloud.model.state import DeployableState
from pcloud.model.words import Rung, Verdict
from tests.shell.stage import Stage, until
from tests.shell.test_engine import SHOP


def reckless(state: DeployableState, event: Event) -> Step:
    """The policy with a bug: a failed probe restarts the service at once, of whatever generation, and asks nobody."""
    after, orders, wake = step(state, event)
    if not isinstance(event, ProbeFailed):
        return after, orders, wake
    owner = after.assemblies["db"]
    restart = RestartResource("shop.999", "db", "mysqld", 7, 60.0)
    resources = {"mysqld": replace(owner.resources["mysqld"], action=restart)}
    return replace(after, assemblies={"db": replace(owner, resources=resources)}), (*orders, restart), wake


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(dpe.shell.deciding, "step", reckless)
    return Stage(tmp_path, SHOP)


async def test_a_step_that_breaks_an_invariant_is_not_taken_and_is_an_alert(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        before, done = engine.state, list(stage.puppets["db"].done)
        stage.puppets["db"].finds(Verdict.FAILED, "not running")
        await until(lambda: bool(engine.halted))
        await engine.taken_in()
        assert engine.state == before
        assert stage.puppets["db"].done == done
        [alert] = [each for each in stage.journal.reports if each.alert]
        assert alert.kind == "halted"
        assert "is about another generation than the current one" in alert.reason


async def test_once_it_is_halted_nothing_is_decided_and_operators_are_told_why(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.puppets["db"].finds(Verdict.FAILED, "not running")
        await until(lambda: bool(engine.halted))
        before = engine.state
        stage.puppets["db"].loses_sight()
        await asyncio.sleep(600)
        assert engine.state == before
        assert len([each for each in stage.journal.reports if each.alert]) == 1
        with pytest.raises(RefusedError, match="an invariant would be broken"):
            engine.ask_recovery(Rung.REBOOT, "db")
        with pytest.raises(RefusedError, match="an invariant would be broken"):
            engine.say(PauseAsked(at=0.0, seconds=60.0))


async def test_once_it_is_halted_it_counts_in_no_guard_and_is_in_nobodys_way(stage: Stage) -> None:
    guards = stage.around.guards
    assert isinstance(guards, Overseer)
    async with stage.engine() as engine:
        await stage.up(engine)
        assert sum(group.assemblies for group in guards.oversight.groups.values()) == 1
        engine.ask_recovery(Rung.REBOOT, "db")
        await until(lambda: any(region.flights for region in guards.oversight.regions.values()))
        stage.puppets["db"].finds(Verdict.FAILED, "not running")
        await until(lambda: bool(engine.halted))
        await engine.taken_in()
        assert not any(region.flights for region in guards.oversight.regions.values())
        assert sum(group.assemblies for group in guards.oversight.groups.values()) == 0


async def test_the_next_engine_begins_with_the_state_before_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.puppets["db"].finds(Verdict.FAILED, "not running")
        await until(lambda: bool(engine.halted))
    monkeypatch.setattr(dpe.shell.deciding, "step", step)
    async with stage.engine() as engine:
        await until(lambda: stage.puppets["db"].runs)
        stage.puppets["db"].connects("first")
        stage.puppets["db"].finds(Verdict.PASSED)
        await engine.taken_in()
        engine.say(RecoveryAsked(at=0.0, rung=Rung.RESTART, assembly="db", resource="mysqld"))
        await until(lambda: "stop mysqld" in stage.puppets["db"].done)
