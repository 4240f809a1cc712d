"""Somebody else has gone on with a deployable: its engine finds out, does nothing any more, and goes on when it is told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cpe.shell.status import deployable_status
from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from dpe.shell.facts import Fact
from pcloud.errors import RefusedError
from pcloud.model.events import InstanceListed, TakeoverAsked
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ProcessAgent, RecoverySettings, ResourcePlan
from pcloud.model.words import Desired, InstanceStatus, Rung
from tests.infrastructures.memory_cloud import Node
from tests.shell.stage import Stage, until

DB = AssemblyPlan(
    "db",
    "lab",
    image="host",
    resources=(ResourcePlan("mysqld", ProcessAgent("mysqld")),),
    recovery=RecoverySettings(allow=Rung.RELAUNCH, keep_failed=0),
)
SHOP = DeployablePlan("shop", ("lab",), (DB,))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, SHOP)


def somebody_else_launches(stage: Stage, generation: int) -> Node:
    return stage.cloud.put(LaunchOrder(f"shop-db-{generation}", Tags("here", "shop", "db", generation), "host", "", b""))


async def overtaken(stage: Stage, engine: Engine) -> Node:
    """Up, and then relaunched beside somebody else's ninth generation."""
    await stage.up(engine)
    theirs = somebody_else_launches(stage, 9)
    engine.ask_recovery(Rung.RELAUNCH, "db")
    await until(lambda: bool(engine.state.stale))
    return theirs


async def test_a_launch_that_meets_a_higher_generation_creates_nothing_and_freezes_the_deployable(stage: Stage) -> None:
    async with stage.engine() as engine:
        theirs = await overtaken(stage, engine)
        asked = list(stage.cloud.asked)
        await asyncio.sleep(7200.0)
        assert stage.cloud.asked == asked == ["create shop-db-1", "stop lab-1"]
        assert theirs.status is InstanceStatus.ACTIVE
        assert not stage.puppets["db"].runs, "it looks at nothing any more"
        assert [each.reason for each in stage.journal.reports if each.alert] == [f"{engine.state.stale}: nothing is done any more"]


async def test_its_status_says_held_and_why(stage: Stage) -> None:
    async with stage.engine() as engine:
        await overtaken(stage, engine)
        status = deployable_status(engine.state, engine.wall_at)
        assert (status.state, [each.state for each in status.assemblies]) == ("held", ["held"])
        assert status.reason.startswith("lab-2 of db is of generation 9, and ours is 2")


async def test_start_stop_and_recoveries_are_refused(stage: Stage) -> None:
    async with stage.engine() as engine:
        await overtaken(stage, engine)
        for desired in Desired:
            with pytest.raises(RefusedError, match=r"shop is frozen: .*; takeover ends it"):
                engine.ask(desired)
        with pytest.raises(RefusedError, match="shop is frozen"):
            engine.ask_recovery(Rung.RELAUNCH, "db")


async def test_the_next_controller_is_as_still(stage: Stage) -> None:
    async with stage.engine() as engine:
        await overtaken(stage, engine)
    asked = list(stage.cloud.asked)
    async with stage.engine() as engine:
        await asyncio.sleep(7200.0)
        assert (deployable_word(engine.state), stage.cloud.asked) == ("held", asked)


async def test_after_a_takeover_it_goes_on_and_nothing_of_the_other_one_runs(stage: Stage) -> None:
    async with stage.engine() as engine:
        theirs = await overtaken(stage, engine)
        engine.say(TakeoverAsked(at=0.0, owner="ada"))
        await engine.taken_in()
        await stage.up(engine)
        assert theirs.status is InstanceStatus.SHUTOFF
        instance = engine.state.assemblies["db"].instance
        assert instance is not None
        assert instance.generation == 10
        running = [node.id for node in stage.cloud.nodes.values() if node.status is InstanceStatus.ACTIVE]
        assert running == [instance.id]


async def test_a_stop_that_meets_a_higher_generation_deletes_nothing(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        theirs = somebody_else_launches(stage, 2)
        engine.ask(Desired.STOPPED)
        await until(lambda: bool(engine.state.stale))
        await asyncio.sleep(600.0)
        assert set(stage.cloud.nodes) == {"lab-1", theirs.id}
        engine.say(TakeoverAsked(at=0.0))
        await until(lambda: deployable_word(engine.state) == "stopped")
        assert stage.cloud.nodes == {}


async def test_a_reboot_that_was_dropped_is_looked_at_before_it_is_done_again(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        stage.cloud.patience = 5.0
        engine.ask_recovery(Rung.REBOOT, "db")
        await until(lambda: "reboot lab-1" in stage.cloud.asked)
        theirs = {"instance_id": "theirs", "infrastructure": "lab", "generation": 9, "status": InstanceStatus.ACTIVE}
        engine.post(Fact(InstanceListed, assembly="db", **theirs))
        await until(lambda: bool(engine.state.stale))
        engine.say(TakeoverAsked(at=0.0))
        await until(lambda: stage.puppets["db"].runs)
        stage.puppets["db"].connects("second")
        await until(lambda: engine.state.assemblies["db"].action is None)
        assert stage.cloud.asked.count("reboot lab-1") == 1


async def test_a_kept_instance_that_somebody_started_is_off_again_after_the_next_launch(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.up(engine)
        late = somebody_else_launches(stage, 1)
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await engine.taken_in()
        await stage.up(engine)
        assert late.status is InstanceStatus.SHUTOFF
        assert any(each.alert and f"{late.id} of generation 1 runs" in each.reason for each in stage.journal.reports)
        await until(lambda: engine.state.assemblies["db"].twins == ())
