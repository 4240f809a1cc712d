"""One DPE's death is its own: reported, started again from the store, at last blocked, and nothing to the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cpe.shell.attending import Attendance
from cpe.shell.keeper import Keeper
from cpe.shell.keyring import FileKeyring
from cpe.shell.store.sqlite import SqliteStore
from dpe.policy.summary import assembly_word
from dpe.shell.engine import Engine
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError, RefusedError, StoreError
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.ports import Agent, Infrastructure, SecretReading, Stored
from pcloud.model.words import Desired
from pcloud.records.event import EventRecord
from pcloud.records.requests import SpecUpload
from tests.shell.guards import overseer

pytestmark = pytest.mark.real

BUG = "ZeroDivisionError: a bug"


class House:
    """Real store, keeper and engines; the infrastructure is down, and has a bug as long as ``buggy``.

    ``unmade`` are the deployables whose engines cannot even be made, for a reason that nobody foresaw; ``unwritable`` those whose store
    fails.
    """

    def __init__(self, store: SqliteStore, directory: Path) -> None:
        self.buggy = True
        self.unmade: set[str] = set()
        self.unwritable: set[str] = set()
        self.given_up: list[str] = []
        self.heard: list[EventRecord] = []
        self.store = store
        store.on_events(self.heard.extend)
        self.keyring = FileKeyring(directory / "keys", store.controller)
        self.keeper = Keeper(store, self.make, time.time, plan_of, self.given_up.append)
        self.attendance = Attendance(self.keeper, lambda: store.trouble)

    def make(self, plan: DeployablePlan, stored: Stored | None) -> Engine:
        if plan.name in self.unmade:
            raise KeyError("a state that nobody foresaw")
        if plan.name in self.unwritable:
            raise StoreError("the disk is full")
        return Engine(
            plan,
            stored,
            Surroundings(
                journal=self.store,
                keyring=self.keyring,
                agents=no_agents,
                infrastructure=self.infrastructure,
                secret=lambda _: SecretReading(""),
                wall=time.time,
                guards=overseer(),
            ),
        )

    def infrastructure(self, name: str) -> Infrastructure:
        if self.buggy and name == "buggy":
            raise ZeroDivisionError("a bug")
        raise InfrastructureError(f"{name} is down")

    async def add(self, name: str, infrastructure: str) -> Engine:
        upload = SpecUpload(source=infrastructure, path=name)
        await self.store.save_deployable(name, upload)
        await self.keeper.add(plan_of(upload))
        engine = self.keeper.engine(name)
        assert isinstance(engine, Engine)
        return engine

    def kinds(self, name: str) -> list[str]:
        return [event.kind for event in self.heard if event.deployable == name and event.kind in {"crashed", "blocked"}]


def plan_of(upload: SpecUpload) -> DeployablePlan:
    """A spec of these tests: its path is its name, its content the infrastructure."""
    return DeployablePlan(upload.path, (upload.source,), (AssemblyPlan("one", upload.source, image="host"),))


def no_agents(*_: object) -> Agent:
    raise AssertionError("no machine is ever launched here")


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr("cpe.shell.deaths.FIRST_WAIT", 0.05)  # seconds: nothing here depends on how long it is
    async with SqliteStore(tmp_path) as store:
        made = House(store, tmp_path)
        try:
            yield made
        finally:
            await made.keeper.close()


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110 - what we wait for happens in several engines
            await asyncio.sleep(0.01)


async def test_a_dpe_that_dies_of_a_bug_is_reported_and_started_again_while_the_others_go_on(house: House) -> None:
    first = await house.add("ill", "buggy")
    well = await house.add("well", "down")
    first.ask(Desired.RUNNING)
    await until(lambda: "crashed" in house.kinds("ill"))
    assert first.state.assemblies["one"].action is not None, "the intent was open when it died"
    house.buggy = False
    await until(lambda: house.keeper.engine("ill") is not first)
    await until(lambda: "buggy is down" in house.attendance.status("ill").assemblies[0].reason)
    assert house.keeper.engine("well") is well
    well.ask(Desired.RUNNING)
    await until(lambda: assembly_word(well.state.assemblies["one"]) != "stopped")
    assert house.kinds("well") == []


async def blocked(house: House) -> Engine:
    """A deployable whose engine has died of a bug until nobody starts it any more."""
    engine = await house.add("ill", "buggy")
    engine.ask(Desired.RUNNING)
    await until(lambda: "blocked" in house.kinds("ill"))
    return engine


async def test_the_third_death_within_ten_minutes_blocks_it_with_an_alert_and_the_others_do_not_notice(house: House) -> None:
    well = await house.add("well", "down")
    await blocked(house)
    await until(lambda: house.heard[-1].kind == "alert")
    assert house.kinds("ill") == ["crashed", "crashed", "blocked"]
    status = house.attendance.status("ill")
    assert status.state == house.attendance.summary("ill").state == "blocked"
    left = "its machines are left as they are; pcloud retry ill starts it again"
    assert status.reason == house.heard[-1].reason == f"its engine died 3 times within 10m, the last time of {BUG}; {left}"
    assert house.given_up == ["ill"], "it holds nobody else's recoveries up"
    assert house.keeper.engine("well") is well
    assert house.attendance.status("well").state == "stopped"
    well.ask(Desired.RUNNING)
    await well.taken_in()
    await asyncio.sleep(0.5)  # ten times the wait before another life
    assert house.kinds("ill") == ["crashed", "crashed", "blocked"], "nobody starts it any more"


async def test_what_is_said_to_a_blocked_one_is_refused_with_the_reason_and_the_cure(house: House) -> None:
    await blocked(house)
    with pytest.raises(RefusedError, match=f"ill is blocked, nobody looks after it: its engine died 3 times .* of {BUG}") as refused:
        house.attendance.attended("ill")
    assert refused.value.cure.startswith("pcloud retry ill starts it again")
    with pytest.raises(RefusedError, match="ill is blocked"):
        await house.attendance.revive("ill", part="one")


async def test_retry_starts_a_blocked_one_again_and_forgets_its_deaths(house: House) -> None:
    await blocked(house)
    assert await house.attendance.revive("ill", part="")
    await until(lambda: house.kinds("ill").count("blocked") == 2)
    assert house.kinds("ill") == ["crashed", "crashed", "blocked"] * 2, "the bug is still there, and is given three lives again"
    house.buggy = False
    await house.attendance.revive("ill", part="")
    await until(lambda: "buggy is down" in house.attendance.status("ill").assemblies[0].reason)
    assert not await house.attendance.revive("ill", part=""), "somebody looks after it"


async def test_a_bug_that_kills_it_when_it_is_taken_up_is_nothing_to_the_others_and_blocks_it_likewise(house: House) -> None:
    for name in ("ill", "well"):
        await house.add(name, "down")
        await house.keeper.remove(name)
    house.unmade = {"ill"}
    await house.keeper.take_up(await house.store.deployables())
    assert house.attendance.status("well").state == "stopped"
    assert house.attendance.status("ill").state == "unknown", "it is tried again"
    await until(lambda: house.attendance.status("ill").state == "blocked")
    assert "KeyError: 'a state that nobody foresaw'" in house.attendance.status("ill").reason
    with pytest.raises(RefusedError, match="it could not be taken up: its engine died of KeyError"):
        await house.attendance.revive("ill", part="")
    assert house.attendance.status("ill").state == "blocked"
    house.unmade = set()
    await house.attendance.revive("ill", part="")
    assert house.attendance.status("ill").state == "stopped"


async def test_a_store_that_cannot_be_used_is_no_bug_of_the_dpe_and_never_blocks_it(house: House) -> None:
    engine = await house.add("ill", "buggy")
    engine.ask(Desired.RUNNING)
    house.unwritable = {"ill"}
    await until(lambda: house.attendance.status("ill").reason == "the disk is full; it is tried again")
    await asyncio.sleep(0.5)
    assert house.kinds("ill") == ["crashed"]
    assert house.attendance.status("ill").state == "unknown"
    house.unwritable, house.buggy = set(), False
    await until(lambda: house.keeper.trouble("ill") == "")


async def test_a_task_that_ends_unasked_is_seen_and_retry_starts_another(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.add("ill", "down")
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == "dpe ill"]
    await asyncio.sleep(0)
    task.cancel()  # as a library would that takes it for its own
    await until(lambda: house.attendance.status("ill").state == "blocked")
    assert "nobody looks after a deployable any more" in caplog.messages
    assert house.given_up == ["ill"]
    await house.attendance.revive("ill", part="")
    assert house.attendance.status("ill").state == "stopped"


async def test_a_deployable_that_is_removed_has_no_engine_any_more(house: House) -> None:
    await house.add("well", "down")
    await house.keeper.remove("well")
    assert house.keeper.names == []
    assert house.keeper.engine("well") is None
