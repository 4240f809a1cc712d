"""What was under way when a controller began to only observe is asked about, and done only when somebody takes it up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.status import deployable_status
from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from pcloud.model.events import TakeoverAsked
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.words import Desired, InstanceStatus, Rung, Verdict
from tests.shell.stage import Stage, until
from tests.shell.test_overtaken import SHOP

MOVED = "the store was moved"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, SHOP)


def doubt(stage: Stage) -> None:
    """The next engine must not trust what it finds."""
    assert stage.journal.stored is not None
    stage.journal.stored = replace(stage.journal.stored, doubt=MOVED)


def word_of(engine: Engine) -> tuple[str, str]:
    (db,) = deployable_status(engine.state, engine.wall_at).assemblies
    return db.state, db.reason


async def rebooting(stage: Stage) -> None:
    """A controller dies while its cloud works on a reboot; the next one must not trust itself."""
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.cloud.patience = 5.0
        engine.ask_recovery(Rung.REBOOT, "db")
        await until(lambda: "reboot lab-1" in stage.cloud.asked)
    stage.cloud.patience = 0.0
    doubt(stage)


async def test_a_reboot_that_shows_by_its_boot_id_is_done_and_what_follows_waits_for_a_takeover(stage: Stage) -> None:
    await rebooting(stage)
    async with stage.engine() as engine:
        await until(lambda: "db" in stage.puppets and stage.puppets["db"].runs)
        stage.puppets["db"].done.clear()
        stage.puppets["db"].connects("second")
        await until(lambda: engine.state.assemblies["db"].stage == "verifying")
        assert stage.puppets["db"].done == [], "its service runs: nothing was to be started"
        stage.puppets["db"].finds(Verdict.PASSED)
        await until(lambda: deployable_word(engine.state) == "healthy")
        assert (engine.state.observing, engine.state.assemblies["db"].still) == (MOVED, False)
        assert stage.cloud.asked.count("reboot lab-1") == 1


async def test_a_reboot_that_does_not_show_is_not_asked_for_again_before_a_takeover(stage: Stage) -> None:
    await rebooting(stage)
    async with stage.engine() as engine:
        await until(lambda: "db" in stage.puppets and stage.puppets["db"].runs)
        stage.puppets["db"].connects("first")
        await asyncio.sleep(3600.0)
        assert stage.cloud.asked.count("reboot lab-1") == 1
        assert word_of(engine) == ("held", "soft reboot; it stands still until somebody says takeover")
        engine.say(TakeoverAsked(at=0.0, owner="ada"))
        await until(lambda: stage.cloud.asked.count("reboot lab-1") == 2)


async def test_a_service_that_does_not_run_is_not_started_before_a_takeover(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.puppets["db"].stops = False
        engine.ask_recovery(Rung.RESTART, "db", "mysqld")
        await until(lambda: "stop mysqld" in stage.puppets["db"].done)
    doubt(stage)
    async with stage.engine() as engine:
        await until(lambda: stage.puppets["db"].runs)
        db = stage.puppets["db"]
        db.found = Verdict.FAILED
        db.connects("first")
        await asyncio.sleep(3600.0)
        assert (db.done, word_of(engine)[0]) == ([], "held")
        db.found = Verdict.PASSED  # somebody has started it
        await until(lambda: engine.state.assemblies["db"].resources["mysqld"].action is None)
        assert (db.done, engine.state.observing) == ([], MOVED)


async def test_a_launch_is_not_made_and_one_that_was_made_elsewhere_is_adopted(stage: Stage) -> None:
    async with stage.engine() as engine:
        stage.cloud.patience = 5.0
        engine.ask(Desired.RUNNING)
        await engine.taken_in()
    stage.cloud.patience = 0.0
    doubt(stage)
    stage.cloud.nodes.clear()
    asked = list(stage.cloud.asked)
    async with stage.engine() as engine:
        await asyncio.sleep(3600.0)
        assert (stage.cloud.asked, stage.cloud.nodes) == (asked, {})
        theirs = stage.cloud.put(LaunchOrder("shop-db-1", Tags(stage.cloud.controller, "shop", "db", 1), "host", "", b""))
        await until(lambda: engine.state.assemblies["db"].instance is not None)
        instance = engine.state.assemblies["db"].instance
        assert instance is not None
        assert (instance.id, theirs.status, stage.cloud.asked) == (theirs.id, InstanceStatus.ACTIVE, asked)


async def test_a_higher_generation_is_found_by_asking_and_freezes(stage: Stage) -> None:
    async with stage.engine() as engine:
        stage.cloud.patience = 5.0
        engine.ask(Desired.RUNNING)
        await engine.taken_in()
    stage.cloud.patience = 0.0
    doubt(stage)
    stage.cloud.nodes.clear()
    stage.cloud.put(LaunchOrder("shop-db-4", Tags(stage.cloud.controller, "shop", "db", 4), "host", "", b""))
    async with stage.engine() as engine:
        await until(lambda: bool(engine.state.stale))
        assert len(stage.cloud.nodes) == 1
