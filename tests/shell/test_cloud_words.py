"""What a cloud says of a machine beside its status, on its way to the policy and to the guards: who stopped it, and in which zone it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dpe.policy.standing import standing
from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ProcessAgent, RecoverySettings, ResourcePlan
from pcloud.model.words import InstanceStatus, Rung, Stage
from tests.shell import stage as theatre
from tests.shell.stage import until

RECOVERY = RecoverySettings(allow=Rung.RELAUNCH)
DB = AssemblyPlan("db", "lab", image="host", resources=(ResourcePlan("mysqld", ProcessAgent("mysqld")),), recovery=RECOVERY)


@pytest.fixture
def stage(tmp_path: Path) -> theatre.Stage:
    return theatre.Stage(tmp_path, DeployablePlan("shop", ("lab",), (DB,)))


async def falls_silent(stage: theatre.Stage, engine: Engine, seconds: float) -> None:
    """Nobody gets an answer from it for so long."""
    for _ in range(round(seconds / 5.0)):
        if stage.puppets["db"].runs and not engine.state.assemblies["db"].action:
            stage.puppets["db"].loses_sight()
        await asyncio.sleep(5.0)


async def test_what_somebody_has_switched_off_by_the_clouds_record_is_left_alone_until_it_runs_again(stage: theatre.Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.cloud.nodes["lab-1"].switched(InstanceStatus.SHUTOFF, "ada")
        await falls_silent(stage, engine, 600.0)
        assert (engine.state.assemblies["db"].held, stage.cloud.asked) == ("external stop", ["create shop-db-1"])
        assert [each.reason for each in stage.journal.reports if each.alert] == ["external stop: stopped by ada"]
        stage.cloud.nodes["lab-1"].switched(InstanceStatus.ACTIVE)
        stage.puppets["db"].connects("second")
        await stage.up(engine)
        assert engine.state.assemblies["db"].stopped_by == ""


async def test_what_was_switched_off_by_nobody_has_crashed(stage: theatre.Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.cloud.nodes["lab-1"].switched(InstanceStatus.SHUTOFF)
        await falls_silent(stage, engine, 100.0)
        await until(lambda: "start lab-1" in stage.cloud.asked)


async def test_a_machine_counts_in_its_zone_also_while_it_is_replaced(stage: theatre.Stage) -> None:
    stage.cloud.zone = "north"
    async with stage.engine() as engine:
        await stage.up(engine)
        [db] = standing(engine.state).assemblies
        assert (db.infrastructure, db.zone) == ("lab", "north")
        stage.cloud.zone, stage.cloud.patience = "south", 5.0
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await until(lambda: engine.state.assemblies["db"].stage is Stage.LAUNCHING)
        assert (engine.state.assemblies["db"].instance, engine.state.assemblies["db"].zone) == (None, "north")
        await stage.up(engine)
        [db] = standing(engine.state).assemblies
        assert (deployable_word(engine.state), db.zone) == ("healthy", "south")
