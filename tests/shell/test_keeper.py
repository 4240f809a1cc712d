"""One DPE's death is its own: reported, started again from the store, and nothing to the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cpe.shell.keeper import Keeper
from cpe.shell.keyring import FileKeyring
from cpe.shell.store.sqlite import SqliteStore
from dpe.policy.summary import assembly_word
from dpe.shell.engine import Engine
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.ports import Agent, Infrastructure, SecretReading, Stored
from pcloud.model.words import Desired
from pcloud.records.requests import SpecUpload
from tests.shell.guards import overseer

pytestmark = pytest.mark.real


class House:
    """Real store, keeper and engines; the infrastructure is down, and has a bug as long as ``buggy``."""

    def __init__(self, store: SqliteStore, directory: Path) -> None:
        self.buggy = True
        self.store = store
        self.keyring = FileKeyring(directory / "keys", store.controller)
        self.keeper = Keeper(store, self.make, time.time, no_spec)

    def make(self, plan: DeployablePlan, stored: Stored | None) -> Engine:
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


def no_spec(upload: SpecUpload) -> DeployablePlan:
    raise AssertionError("none is registered here")


def no_agents(*_: object) -> Agent:
    raise AssertionError("no machine is ever launched here")


def plan(name: str, infrastructure: str) -> DeployablePlan:
    return DeployablePlan(name, (infrastructure,), (AssemblyPlan("one", infrastructure, image="host"),))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
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
    heard: list[str] = []
    house.store.on_events(lambda events: heard.extend(f"{event.deployable} {event.kind}" for event in events))
    await house.keeper.add(plan("ill", "buggy"))
    await house.keeper.add(plan("well", "down"))
    first = house.keeper.engine("ill")
    well = house.keeper.engine("well")
    assert first is not None
    assert well is not None
    first.ask(Desired.RUNNING)
    await until(lambda: "ill crashed" in heard)
    assert first.state.assemblies["one"].action is not None, "the intent was open when it died"
    house.buggy = False
    await until(lambda: house.keeper.engine("ill") is not first)
    again = house.keeper.engine("ill")
    assert again is not None
    await until(lambda: "down" in again.state.assemblies["one"].reason)
    assert house.keeper.engine("well") is well
    well.ask(Desired.RUNNING)
    await until(lambda: assembly_word(well.state.assemblies["one"]) != "stopped")
    assert "well crashed" not in heard


async def test_a_deployable_that_is_removed_has_no_engine_any_more(house: House) -> None:
    await house.keeper.add(plan("well", "down"))
    await house.keeper.remove("well")
    assert house.keeper.names == []
    assert house.keeper.engine("well") is None
