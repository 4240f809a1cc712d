"""One list per infrastructure, in virtual time: what it tells whom, what it costs, and what it never makes of an old list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.attending import has_machines_at
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.polling import Polls
from dpe.policy.summary import deployable_word
from dpe.shell.engine import Engine
from pcloud.errors import StoreError
from pcloud.model.actions import Report
from pcloud.model.events import TakeoverAsked
from pcloud.model.instance import InstanceReading, LaunchOrder, Tags
from pcloud.model.operators import PauseAsked
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ProcessAgent, RecoverySettings, ResourcePlan
from pcloud.model.words import Desired, InstanceStatus, Mode, Rung
from tests.infrastructures.memory_cloud import MemoryCloud, Node
from tests.shell.stage import Stage, now, until

RECOVERY = RecoverySettings(allow=Rung.RELAUNCH)
DB = AssemblyPlan("db", "lab", image="host", resources=(ResourcePlan("mysqld", ProcessAgent("mysqld")),), recovery=RECOVERY)
SHOP = DeployablePlan("shop", ("lab",), (DB,))
LAB = InfrastructureSettings(driver="machine", poll=10.0)


class ListedCloud(MemoryCloud):
    """Counts what it is asked; a list may be as old as ``old``, and may take ``slow`` seconds."""

    lists = 0
    reads = 0
    slow = 0.0
    old: Sequence[InstanceReading] | None = None

    async def instances(self) -> Sequence[InstanceReading]:
        self.lists += 1
        found = await super().instances()
        await asyncio.sleep(self.slow)
        return found if self.old is None else self.old

    async def read(self, instance_id: str) -> InstanceReading:
        self.reads += 1
        return await super().read(instance_id)


class Scene(Stage):
    """A stage whose cloud is listed. ``said`` is what the polls wrote into the journal."""

    def __init__(self, directory: Path, plan: DeployablePlan = SHOP) -> None:
        super().__init__(directory, plan)
        self.cloud = self.lab = ListedCloud()
        self.said: list[Report] = []
        self.full = False
        self.polls: Polls | None = None

    @asynccontextmanager
    async def watched(self, *, up: bool = True) -> AsyncIterator[Engine]:
        """The engine, with polls beside it."""
        async with self.engine() as engine:
            self.polls = Polls(
                {"lab": LAB, "rack": InfrastructureSettings(driver="static")},
                lambda _: self.cloud,
                controller=self.cloud.controller,
                started=lambda name: has_machines_at(engine.state, name),
                engine=lambda name: engine if name == "shop" else None,
                report=self.report,
            )
            async with self.polls.watch():
                if up:
                    await self.up(engine)
                yield engine

    async def report(self, line: Report) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.said.append(line)

    def put(self, generation: int, controller: str = "here", whole: str = "shop", *, adopted: bool = False) -> Node:
        tags = Tags(controller, whole, "db", generation, adopted=adopted)
        return self.cloud.put(LaunchOrder(f"{whole}-db-{generation}", tags, "host", "", b""))

    def alerts(self) -> list[str]:
        return [each.reason for each in self.journal.reports if each.alert]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_in_a_steady_state_a_cloud_is_listed_once_per_interval_and_nothing_is_read_or_written(scene: Scene) -> None:
    async with scene.watched():
        lists, reads, facts = scene.lab.lists, scene.lab.reads, len(scene.journal.facts)
        await asyncio.sleep(3600.0)
        assert 350 <= scene.lab.lists - lists <= 370
        assert (scene.lab.reads, len(scene.journal.facts)) == (reads, facts)
        assert scene.polls is not None
        assert scene.polls.ages()["lab"] <= 12.0


async def test_a_cloud_where_nothing_is_started_is_not_asked(scene: Scene) -> None:
    async with scene.watched(up=False) as engine:
        await asyncio.sleep(600.0)
        assert scene.lab.lists == 0
        await scene.up(engine)
        engine.ask(Desired.STOPPED)
        await until(lambda: deployable_word(engine.state) == "stopped")
        await asyncio.sleep(60.0)
        lists = scene.lab.lists
        await asyncio.sleep(600.0)
        assert scene.lab.lists == lists
        assert scene.polls is not None
        assert scene.polls.ages() == {}


async def test_a_late_twin_is_stopped_with_one_alert(scene: Scene) -> None:
    async with scene.watched():
        twin = scene.put(1)
        await until(lambda: twin.status is InstanceStatus.SHUTOFF)
        await asyncio.sleep(7200.0)
        assert scene.alerts() == [f"{twin.id} of generation 1 runs beside lab-1 of generation 1: stopping it"]
        assert scene.cloud.nodes["lab-1"].status is InstanceStatus.ACTIVE


async def test_a_kept_machine_that_somebody_starts_is_stopped_each_time(scene: Scene) -> None:
    async with scene.watched() as engine:
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await engine.taken_in()
        await scene.up(engine)
        old = scene.cloud.nodes["lab-1"]
        assert old.status is InstanceStatus.SHUTOFF
        for _ in range(2):
            old.switched(InstanceStatus.ACTIVE)
            await until(lambda: old.status is InstanceStatus.SHUTOFF)
            await until(lambda: engine.state.assemblies["db"].twins == ())
            await asyncio.sleep(60.0)
        assert scene.alerts() == ["lab-1 of generation 1 runs beside lab-2 of generation 2: stopping it"] * 2
        assert [each.instance_id for each in engine.state.assemblies["db"].retired] == ["lab-1"]


async def test_a_higher_generation_freezes_the_deployable_and_is_left_alone(scene: Scene) -> None:
    async with scene.watched() as engine:
        theirs = scene.put(9)
        await until(lambda: bool(engine.state.stale))
        facts = len(scene.journal.facts)
        await asyncio.sleep(7200.0)
        assert (theirs.status, len(scene.journal.facts)) == (InstanceStatus.ACTIVE, facts)
        engine.say(TakeoverAsked(at=0.0, owner="ada"))
        await until(lambda: theirs.status is InstanceStatus.SHUTOFF)
        assert scene.cloud.nodes["lab-1"].status is InstanceStatus.ACTIVE


async def test_what_is_somebody_elses_or_adopted_or_of_no_deployable_is_left_alone(scene: Scene) -> None:
    async with scene.watched():
        facts, reads = len(scene.journal.facts), scene.lab.reads
        theirs = [scene.put(1, "another"), scene.put(1, whole="blog"), scene.put(1, adopted=True)]
        await asyncio.sleep(600.0)
        assert [each.status for each in theirs] == [InstanceStatus.ACTIVE] * 3
        assert (len(scene.journal.facts), scene.lab.reads) == (facts, reads)


async def test_a_list_that_is_older_than_a_relaunch_makes_no_twin(scene: Scene) -> None:
    async with scene.watched() as engine:
        scene.lab.old = await scene.cloud.instances()
        engine.ask_recovery(Rung.RELAUNCH, "db")
        await engine.taken_in()
        await scene.up(engine)
        await asyncio.sleep(600.0)  # each list shows the old one running
        assert (scene.alerts(), engine.state.assemblies["db"].twins) == ([], ())
        assert {each.id: str(each.status) for each in scene.cloud.nodes.values()} == {"lab-1": "SHUTOFF", "lab-2": "ACTIVE"}


async def test_relaunches_beside_slow_lists_make_no_twin(scene: Scene) -> None:
    scene.cloud.slowness, scene.lab.slow, scene.cloud.patience = 7.0, 9.0, 4.0
    async with scene.watched() as engine:
        for _ in range(5):
            engine.ask_recovery(Rung.RELAUNCH, "db")
            await engine.taken_in()
            await scene.up(engine)
            await asyncio.sleep(37.0)
        assert scene.alerts() == []
        assert [each.id for each in scene.cloud.nodes.values() if each.status is InstanceStatus.ACTIVE] == ["lab-6"]


async def test_what_is_off_and_nobody_knows_is_kept_for_a_day_and_then_deleted(scene: Scene) -> None:
    async with scene.watched() as engine:
        stray = scene.put(1)
        stray.status = InstanceStatus.SHUTOFF
        await until(lambda: bool(engine.state.assemblies["db"].retired))
        facts = len(scene.journal.facts)
        await asyncio.sleep(3600.0)
        assert len(scene.journal.facts) == facts
        await asyncio.sleep(86400.0)
        assert set(scene.cloud.nodes) == {"lab-1"}


async def test_a_twin_waits_for_the_end_of_a_pause_and_costs_nothing_meanwhile(scene: Scene) -> None:
    async with scene.watched() as engine:
        engine.say(PauseAsked(at=0.0, owner="ada", assembly="", reason="looking", seconds=3600.0))
        await engine.taken_in()
        twin = scene.put(1)
        await asyncio.sleep(30.0)
        reads = scene.lab.reads
        await asyncio.sleep(3000.0)
        assert (twin.status, scene.lab.reads) == (InstanceStatus.ACTIVE, reads)
        await until(lambda: twin.status is InstanceStatus.SHUTOFF)


async def test_who_only_observes_tells_of_a_twin_once(tmp_path: Path) -> None:
    observed = replace(SHOP, assemblies=(replace(DB, recovery=replace(RECOVERY, mode=Mode.OBSERVE)),))
    scene = Scene(tmp_path, observed)
    async with scene.watched() as engine:
        twin = scene.put(1)
        await asyncio.sleep(7200.0)
        assert scene.alerts() == [f"{twin.id} of generation 1 runs beside lab-1 of generation 1: it would be stopped (observed only)"]
        assert twin.status is InstanceStatus.ACTIVE
        engine.change_plan(SHOP)
        await until(lambda: twin.status is InstanceStatus.SHUTOFF)


async def test_a_cloud_that_does_not_answer_is_said_after_five_minutes_and_when_it_is_over(scene: Scene) -> None:
    async with scene.watched() as engine:
        await asyncio.sleep(20.0)
        scene.cloud.down, began, lists = True, now(), scene.lab.lists
        await asyncio.sleep(290.0)
        assert scene.said == []
        await until(lambda: bool(scene.said))
        assert 299.0 <= now() - began <= 330.0
        [said] = scene.said
        assert (said.kind, said.alert) == ("unanswered", True)
        assert said.reason.startswith("infrastructure lab has not answered for 5m")
        await asyncio.sleep(3600.0)
        assert (len(scene.said), deployable_word(engine.state), scene.alerts()) == (1, "healthy", [])
        assert scene.lab.lists - lists <= 80  # about once a minute
        scene.cloud.down = False
        await until(lambda: len(scene.said) == 2)
        assert (scene.said[1].kind, scene.said[1].alert) == ("answered", False)
        assert scene.said[1].reason.startswith("infrastructure lab: it answers again, after 1h")
        await asyncio.sleep(120.0)
        assert scene.polls is not None
        assert scene.polls.ages()["lab"] <= 12.0


async def test_a_short_failure_is_nobodys_business_and_an_alert_that_cannot_be_recorded_comes_later(scene: Scene) -> None:
    async with scene.watched():
        for _ in range(3):
            scene.cloud.down = True
            await asyncio.sleep(200.0)
            scene.cloud.down = False
            await asyncio.sleep(100.0)
        assert scene.said == []
        scene.cloud.down = scene.full = True
        await asyncio.sleep(700.0)
        scene.full = False
        await until(lambda: bool(scene.said))
        assert scene.said[0].reason.startswith("infrastructure lab has not answered for 1")


async def test_a_suspect_that_cannot_be_read_is_looked_at_the_next_time_and_the_cloud_counts_as_answering(scene: Scene) -> None:
    async with scene.watched():
        twin = scene.put(1)
        seen = twin.seen_from
        twin.seen_from = now() + 1e9  # what the list shows is not there for who asks by its id
        scene.lab.old = [twin.reading()]
        await asyncio.sleep(600.0)
        assert (twin.status, scene.said, scene.alerts()) == (InstanceStatus.ACTIVE, [], [])
        twin.seen_from = seen
        await until(lambda: twin.status is InstanceStatus.SHUTOFF)
