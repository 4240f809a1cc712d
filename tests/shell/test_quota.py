"""A cloud that is full: a refused launch deletes what we keep ourselves, is tried once more, and then blocked (policy.md sections 1, 6)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from pcloud.model.words import Rung, Verdict
from tests.policy.plans import assembly, deployable, resource
from tests.shell.stage import Stage, until

PLAN = deployable(assembly("db", resource("mysqld"), volumes=True, image="host"), name="shop")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, PLAN)


async def relaunched(stage: Stage, engine: Engine, until_it_is: Callable[[], bool]) -> None:
    """The database is relaunched; its machine answers as soon as there is one."""
    engine.ask_recovery(Rung.RELAUNCH, "db")
    await engine.taken_in()

    def look() -> bool:
        puppet = stage.puppets["db"]
        if puppet.runs and puppet.instance == engine.state.assemblies["db"].instance:
            puppet.connects(puppet.instance.id)
            puppet.provisioned()
            puppet.finds(Verdict.PASSED)
        return until_it_is()

    await until(look)


def at(engine: Engine, generation: int) -> Callable[[], bool]:
    return lambda: engine.state.assemblies["db"].generation == generation and deployable_word(engine.state) == "healthy"


async def test_a_launch_that_a_quota_refuses_takes_the_place_of_what_is_kept(stage: Stage) -> None:
    stage.cloud.quota = 2
    async with stage.engine() as engine:
        await stage.up(engine)
        await relaunched(stage, engine, at(engine, 2))
        assert list(stage.cloud.nodes) == ["lab-1", "lab-2"]
        await relaunched(stage, engine, at(engine, 4))  # the refused one has had its number
        assert list(stage.cloud.nodes) == ["lab-3"]
        assert [each for each in stage.cloud.asked if each.startswith(("create shop-db-3", "create shop-db-4", "destroy"))] == [
            "create shop-db-3",
            "destroy lab-1",
            "destroy lab-2",
            "create shop-db-4",
        ]
        assert "room" in [each.kind for each in stage.journal.reports]


async def test_where_even_that_makes_no_room_it_is_blocked_with_an_alert(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.cloud.quota = 0
        await relaunched(stage, engine, lambda: bool(engine.state.assemblies["db"].blocked))
        assert [each for each in stage.cloud.asked if each.startswith("create")][1:] == ["create shop-db-2", "create shop-db-3"]
        assert "Quota exceeded for instances" in engine.state.assemblies["db"].blocked
        assert any(each.alert and "Quota exceeded" in each.reason for each in stage.journal.reports)
        assert (stage.cloud.nodes, list(stage.cloud.disks)) == ({}, ["shop-db-data"])
