"""Ten minutes in which a cloud's API does not answer: what is silent meanwhile is held, and what comes back needs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dpe.policy.summary import assembly_word, deployable_word
from pcloud.model.plan import AssemblyPlan, DeployablePlan, MonitorPlan, ProcessAgent, RecoverySettings, ResourcePlan
from pcloud.model.words import Choice, Rung, Verdict
from tests.shell.stage import Stage, now, until

OUTAGE = 600.0
SHOP = DeployablePlan(
    "shop",
    ("lab",),
    tuple(
        AssemblyPlan(
            name,
            "lab",
            image="host",
            resources=(ResourcePlan("service", ProcessAgent("service")),),
            recovery=RecoverySettings(allow=Rung.RELAUNCH),
            monitor=MonitorPlan(silence=60.0),
        )
        for name in ("db", "web")
    ),
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, SHOP)


def acts(stage: Stage) -> list[str]:
    """What was decided to be done, other than launching what was asked for."""
    records = [each.record for each in stage.journal.reports if each.record is not None and each.record.choice is Choice.ACT]
    return [str(each.action) for each in records if each.failures]


@pytest.mark.parametrize("silent", [False, True], ids=["machines go on", "a machine is silent meanwhile"])
async def test_nothing_is_done_while_the_api_does_not_answer_and_nothing_afterwards(stage: Stage, silent: bool) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        asked, db, began = list(stage.cloud.asked), stage.puppets["db"], now()
        stage.cloud.down = True
        if silent:
            db.loses_sight()
            await until(lambda: assembly_word(engine.state.assemblies["db"]) == "held")
            assert "API does not answer" in engine.state.assemblies["db"].held
        while now() < began + OUTAGE:
            if silent:
                db.loses_sight()
            await asyncio.sleep(15)
        assert deployable_word(engine.state) == ("held" if silent else "healthy")
        stage.cloud.down = False
        db.connects("first")
        for puppet in stage.puppets.values():
            puppet.finds(Verdict.PASSED)
        await until(lambda: deployable_word(engine.state) == "healthy")
        await asyncio.sleep(OUTAGE)
        assert deployable_word(engine.state) == "healthy"
    assert stage.cloud.asked == asked
    assert acts(stage) == []
    assert [each.record and each.record.choice for each in stage.journal.reports if each.alert] == ([Choice.HOLD] if silent else [])


async def test_a_machine_that_died_in_an_outage_is_recovered_when_the_api_answers_again(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        asked = list(stage.cloud.asked)
        stage.cloud.down = True
        stage.puppets["db"].loses_sight()
        await asyncio.sleep(OUTAGE)
        assert acts(stage) == []
        stage.cloud.down = False
        for node in stage.cloud.nodes.values():
            if node.order.tags.assembly == "db":
                stage.cloud.nodes.pop(node.id)
                break
        await until(lambda: stage.cloud.asked != asked)
    assert acts(stage)
