"""What an engine keeps of what it was told: all that changed something, nothing else, and enough to begin from nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.keyring import FileKeyring
from cpe.shell.store.sqlite import SqliteStore
from dpe.shell.engine import Engine
from dpe.shell.facts import Fact
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError
from pcloud.model.events import ActionDone, OperatorAsked, PeerAnswered, ProbeFailed
from pcloud.model.guards import GuardWord, PermitRequest, Relaunched, Standing
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.ports import Agent, Infrastructure, SecretReading
from pcloud.model.words import Desired, Reach
from pcloud.replay.again import Again

pytestmark = pytest.mark.real

PLAN = DeployablePlan("shop", ("down",), (AssemblyPlan("one", "down", image="host"),))
OLD = {"assembly": "one", "generation": 7}
NEWS_OF_NOTHING = [
    Fact(ActionDone, action="shop.99"),
    Fact(ProbeFailed, **OLD, resource="none", reason="it is not there"),
    Fact(PeerAnswered, **OLD, peer="two", port=22, reach=Reach.SILENT),
]


def no_agents(*_: object) -> Agent:
    raise AssertionError("no machine is ever launched here")


def down(name: str) -> Infrastructure:
    raise InfrastructureError(f"{name} is down")


class Unanswering:
    """Guards that never say a word: nothing is recovered, and all of it is asked for."""

    def attend(self, deployable: str, hear: Callable[[GuardWord], None], relaunched: Sequence[Relaunched] = ()) -> None: ...

    def stand(self, standing: Standing) -> None: ...

    def ask(self, request: PermitRequest) -> None: ...

    def give_back(self, deployable: str, permit: str) -> None: ...

    async def anchor(self, infrastructure: str, deployable: str, assembly: str) -> tuple[str, bool]:
        raise InfrastructureError(f"{infrastructure} is down")


async def lived(store: SqliteStore, directory: Path, *facts: Fact) -> None:
    """An engine that took up the deployable, was told these, and was killed."""
    surroundings = Surroundings(
        journal=store,
        keyring=FileKeyring(directory / "keys", store.controller),
        agents=no_agents,
        infrastructure=down,
        secret=lambda _: SecretReading(""),
        wall=time.time,
        guards=Unanswering(),
    )
    engine = Engine(PLAN, await store.load_state("shop"), surroundings, seed=42)
    running = asyncio.create_task(engine.run(), name="engine")
    await engine.taken_in()
    for fact in facts:
        engine.post(fact)
        await engine.taken_in()
    running.cancel()
    await asyncio.wait([running])
    await store.delete_deployable("none")  # behind whatever the engine was still writing


async def kinds(store: SqliteStore) -> list[str]:
    return [each.kind for each in await store.facts("shop", limit=1000)]


async def test_facts_begin_with_the_seed_and_the_plan(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await lived(store, tmp_path)
        made, settings = await store.facts("shop")
    assert (made.kind, made.fields["seed"], made.fields["jitter"]) == ("StateMade", 42, 0.25)
    assert settings.kind == "SettingsChanged"


async def test_what_changes_nothing_is_not_kept(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await lived(store, tmp_path, *NEWS_OF_NOTHING)
        assert await kinds(store) == ["StateMade", "SettingsChanged"]


async def test_every_controller_that_goes_on_is_told_of_and_all_of_it_leads_to_the_same_state(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await lived(store, tmp_path, Fact(OperatorAsked, desired=Desired.RUNNING))
        await lived(store, tmp_path, *NEWS_OF_NOTHING)
        await lived(store, tmp_path, Fact(OperatorAsked, desired=Desired.STOPPED))
        facts, stored = await store.facts("shop", limit=1000), await store.load_state("shop")
    told = [each.kind for each in facts]
    assert told[:3] == ["StateMade", "SettingsChanged", "OperatorAsked"]
    for number, kind in enumerate(told):
        assert kind != "StateLoaded" or told[number + 1 : number + 3] == ["SettingsChanged", "ControllerResumed"]
    assert told.count("StateLoaded") == 2
    again = Again("shop")
    for fact in facts:
        list(again.moments(fact))
    assert again.state is not None
    assert stored is not None
    assert replace(again.state, plan=None, target=None) == stored.state
