"""While nothing can be recorded everything is watched and nothing is done; afterwards it goes on by what is so then."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dpe.policy.summary import assembly_word, resource_word
from dpe.shell.facts import Fact
from dpe.shell.recording import Backlog
from pcloud.errors import UnwritableError
from pcloud.model.events import (
    ActionDone,
    ContactLost,
    ContactMade,
    OperatorAsked,
    PermitGranted,
    ProbeFailed,
    ProbePassed,
    SettingsChanged,
)
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ProcessAgent, ResourcePlan
from pcloud.model.words import Desired, Phase, Verdict
from tests.shell.stage import Stage, until

DB = AssemblyPlan("db", "lab", image="host", resources=(ResourcePlan("mysqld", ProcessAgent("mysqld")),))
SHOP = DeployablePlan("shop", ("lab",), (DB,))

LONG = 1200.0  # seconds: longer than every deadline that there is
SHORT = 60.0


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, SHOP)


async def test_a_service_that_fails_is_seen_and_restarted_once_when_there_is_room(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.journal.room.clear()
        for _ in range(100):
            stage.puppets["db"].finds(Verdict.FAILED, "not running")
            await asyncio.sleep(LONG / 100)
        assert resource_word(engine.state.assemblies["db"].resources["mysqld"]) != "healthy", "it is seen"
        assert engine.stuck == "the disk is full"
        assert stage.puppets["db"].done == ["start mysqld"], "and nothing is done"
        recorded = len(stage.journal.facts)
        stage.journal.room.set()
        await until(lambda: len(stage.puppets["db"].done) > 1)
        await asyncio.sleep(1.0)
        stage.puppets["db"].finds(Verdict.PASSED)
        await asyncio.sleep(LONG)
        assert stage.puppets["db"].done == ["start mysqld", "stop mysqld", "start mysqld"]
        assert engine.stuck == ""
        assert len(stage.journal.facts) - recorded < 20, "what was seen of one thing is one fact"


async def test_a_service_that_is_well_again_when_there_is_room_is_left_alone(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.journal.room.clear()
        stage.puppets["db"].finds(Verdict.FAILED, "not running")
        await asyncio.sleep(LONG)
        stage.puppets["db"].finds(Verdict.PASSED)
        await asyncio.sleep(1.0)
        stage.journal.room.set()
        await asyncio.sleep(LONG)
        assert stage.puppets["db"].done == ["start mysqld"]


async def test_a_silence_that_began_on_a_full_disk_begins_anew_with_the_room(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.journal.room.clear()
        stage.puppets["db"].loses_sight()
        await asyncio.sleep(LONG)
        stage.journal.room.set()
        await until(lambda: engine.stuck == "")
        silence = engine.state.assemblies["db"].silence
        assert silence is not None
        assert engine._clock.now() - silence.since < 10.0
        assert assembly_word(engine.state.assemblies["db"]) == "suspect"


async def test_the_answer_to_what_was_begun_before_is_kept_until_it_can_be_recorded(stage: Stage) -> None:
    stage.cloud.late = 8.0
    async with stage.engine() as engine:
        engine.ask(Desired.RUNNING)
        await until(lambda: stage.cloud.asked == ["create shop-db-1"])
        stage.journal.room.clear()
        await asyncio.sleep(SHORT)
        stage.journal.room.set()
        await stage.up(engine)
        assert stage.cloud.asked == ["create shop-db-1"]


async def test_a_restart_that_was_permitted_on_a_full_disk_is_asked_for_again(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.journal.records = 1  # the decision, and not what follows from the guards' yes
        stage.puppets["db"].finds(Verdict.FAILED, "not running")
        await asyncio.sleep(LONG)
        resource = engine.state.assemblies["db"].resources["mysqld"]
        assert resource.recovery is not None
        assert resource.recovery.phase is Phase.ASKING
        assert stage.puppets["db"].done == ["start mysqld"]
        stage.journal.room.set()
        await until(lambda: stage.puppets["db"].done == ["start mysqld", "stop mysqld", "start mysqld"])


async def test_what_an_operator_asks_for_is_refused_at_once_and_not_done_later(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.journal.room.clear()
        engine.ask(Desired.STOPPED)
        with pytest.raises(UnwritableError, match="the disk is full"):
            await engine.taken_in()
        stage.journal.room.set()
        await asyncio.sleep(LONG)
        assert engine.state.desired is Desired.RUNNING


async def test_an_engine_that_begins_on_a_full_disk_waits_for_room(stage: Stage) -> None:
    stage.journal.room.clear()
    async with stage.engine() as engine:
        await asyncio.sleep(SHORT)
        assert stage.journal.facts == []
        stage.journal.room.set()
        await until(lambda: engine.stuck == "")
        await stage.up(engine)


def test_a_backlog_keeps_the_last_of_what_is_seen_and_each_answer() -> None:
    probe = {"assembly": "db", "resource": "mysqld", "generation": 1}
    contact = {"assembly": "db", "generation": 1}
    backlog = Backlog()
    backlog.add([Fact(ActionDone, action="a-1"), Fact(ContactLost, **contact, reason="x", last_seen=1.0), Fact(ProbeFailed, **probe)])
    backlog.add([Fact(PermitGranted, permit="p"), Fact(OperatorAsked, desired=Desired.STOPPED), Fact(SettingsChanged, plan=SHOP, spec="s")])
    backlog.add([Fact(ProbeFailed, **probe, probe="tcp"), Fact(ContactMade, **contact, boot_id="b"), Fact(ActionDone, action="a-2")])
    backlog.add([Fact(ProbePassed, **probe), Fact(SettingsChanged, plan=SHOP, spec="")])
    kinds = [fact.kind for fact in backlog.facts]
    assert kinds == [ActionDone, ProbeFailed, ContactMade, ActionDone, ProbePassed, SettingsChanged]
