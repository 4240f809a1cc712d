"""Facts are kept with the states that they led to, and come back exactly."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.schema import SCHEMA_VERSION
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import StoreError
from pcloud.model.actions import AskPermit, Decision, ProbeAgain, Report, RestartResource
from pcloud.model.events import Event, ProbeFailed, SettingsChanged, Ticked
from pcloud.model.facts import JournalFact, StateLoaded, StateMade, Taken
from pcloud.model.guards import PermitRequest
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import Choice, Rung
from pcloud.records.fact import OrderRecord, dump_fields, dump_ordered, fact_kinds, fact_of, fact_record
from pcloud.records.serialising import dump_state, load_state
from tests.store.states import LOST_IN_VERSION_2, UPLOAD, made, of, state

FAILED = ProbeFailed(at=1.5, wall=1_700_000_000.25, assembly="web", resource="apache", generation=2, reason="not running")
LOST_IN_VERSION_1 = f"{LOST_IN_VERSION_2} DROP TABLE facts; PRAGMA user_version = 1;"


def every(kind: type[Event]) -> list[type[Event]]:
    """A class and all below it, each once; drafts of one (``pcloud.model.drafts``) are no dataclasses themselves."""
    found = {kind.__name__: kind}
    for each in (below for below in kind.__subclasses__() if "__dataclass_fields__" in vars(below)):
        found |= {one.__name__: one for one in every(each)}
    return list(found.values())


def written(fact: JournalFact) -> Any:
    """A fact that went into the store and came back."""
    kind, fields = dump_fields(fact)
    return fact_of(fact_record(1, 0.0, "shop", kind, fields, dump_ordered(fact)))


def test_every_kind_of_event_is_known_as_a_fact() -> None:
    assert {kind.__name__ for kind in every(Event)} <= set(fact_kinds())


@pytest.mark.parametrize("name", sorted(fact_kinds()))
@given(data=st.data())
@settings(max_examples=10)
def test_a_fact_comes_back_exactly(name: str, data: st.DataObject) -> None:
    kind = fact_kinds()[name]
    plan = {"plan": of(DeployablePlan)} if kind is SettingsChanged else {}
    told = data.draw(st.builds(kind, at=of(float), wall=of(float), **plan) if plan else of(kind))
    back = written(Taken(told) if isinstance(told, Event) else told)
    assert back == told
    assert type(back) is kind


def test_what_was_ordered_upon_a_fact_is_kept_by_its_id() -> None:
    request = PermitRequest("shop.3", "shop", "web", "lab", Rung.REBOOT)
    orders = (
        ProbeAgain("web"),
        RestartResource("shop.2", "web", "apache", 1, 90.0),
        AskPermit("web", "", request),
        Report("decided", "web", "apache", record=Decision("shop.1", Choice.ACT, "3.2")),
        Report("resource", "web", "apache"),
    )
    record = fact_record(1, 0.0, "shop", *dump_fields(Taken(FAILED, orders)), dump_ordered(Taken(FAILED, orders)))
    assert record.ordered == [
        OrderRecord(kind="RestartResource", id="shop.2", assembly="web", resource="apache"),
        OrderRecord(kind="AskPermit", id="shop.3", assembly="web"),
        OrderRecord(kind="Decision", id="shop.1", assembly="web", resource="apache"),
    ]
    assert dump_ordered(Taken(FAILED, (ProbeAgain("web"),))) == ""


def test_a_fact_of_a_newer_pcloud_is_refused() -> None:
    with pytest.raises(StoreError, match="a SunRose, cannot be read"):
        fact_of(fact_record(1, 0.0, "shop", "SunRose", "{}", ""))
    with pytest.raises(StoreError, match="a ProbeFailed, cannot be read"):
        fact_of(fact_record(1, 0.0, "shop", "ProbeFailed", '{"at": 1.0}', ""))


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_fact_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="a stored fact cannot be read"):
        fact_record(1, 0.0, "shop", "Ticked", text, "")


@pytest.mark.real
async def test_facts_are_there_after_a_restart_in_order_and_page_by_page(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        begun: list[JournalFact] = [StateMade(0.0, 1.0, 7, 0.25), Taken(SettingsChanged(at=0.0, plan=DeployablePlan("shop")))]
        await store.record(state(), at=0.0, wall=1.0, reports=[], facts=begun)
        await store.record(state("blog"), at=0.0, wall=1.0, reports=[], facts=[Taken(Ticked(at=1.0))])
        await store.record(state(), at=2.0, wall=3.0, reports=[], facts=[Taken(FAILED)])
    async with SqliteStore(tmp_path) as store:
        first = await store.facts("shop", limit=2)
        rest = await store.facts("shop", after=first[-1].seq)
    assert [fact_of(each) for each in first] == [StateMade(0.0, 1.0, 7, 0.25), SettingsChanged(at=0.0, plan=DeployablePlan("shop"))]
    assert [(each.kind, each.clock, each.at.timestamp(), fact_of(each)) for each in rest] == [("ProbeFailed", 1.5, 3.0, FAILED)]


@pytest.mark.real
async def test_facts_go_with_their_deployable(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.save_deployable("shop", UPLOAD)
        await store.record(state(), at=0.0, wall=0.0, reports=[Report("x")], facts=[Taken(FAILED)])
        await store.delete_deployable("shop")
        assert await store.facts("shop") == []
        assert len(await store.events()) == 1


@pytest.mark.real
async def test_a_store_of_before_facts_is_migrated_and_they_begin_with_the_state_that_it_has(tmp_path: Path) -> None:
    await made(tmp_path)
    _alter(tmp_path, LOST_IN_VERSION_1)
    async with SqliteStore(tmp_path) as store:
        (begin,) = await store.facts("shop")
        stored = await store.load_state("shop")
        assert len(await store.events()) == 50
        await store.record(state(), at=2.0, wall=2.0, reports=[], facts=[StateLoaded(2.0, 2.0), Taken(FAILED)])
    told = fact_of(begin)
    assert isinstance(told, StateLoaded)
    assert stored is not None
    assert load_state(told.state, told.policy) == stored.state == state(serial=49)
    async with SqliteStore(tmp_path) as store:
        assert [each.kind for each in await store.facts("shop")] == ["StateLoaded", "StateLoaded", "ProbeFailed"]
    assert _version(tmp_path) == SCHEMA_VERSION


@pytest.mark.real
async def test_a_migration_that_fails_leaves_the_tables_as_they_were(tmp_path: Path) -> None:
    await made(tmp_path)
    _alter(tmp_path, LOST_IN_VERSION_1 + "CREATE TABLE facts_of_deployable (in_the_way INTEGER);")
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be written"):
            await SqliteStore(tmp_path).open()
    assert _version(tmp_path) == 1
    _alter(tmp_path, "DROP TABLE facts_of_deployable;")
    async with SqliteStore(tmp_path) as store:
        assert [each.kind for each in await store.facts("shop")] == ["StateLoaded"]


def _alter(directory: Path, script: str) -> None:
    connection = sqlite3.connect(directory / STORE_FILE)
    connection.executescript(script)
    connection.close()


def _version(directory: Path) -> int:
    connection = sqlite3.connect(directory / STORE_FILE)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def test_a_state_within_a_fact_is_the_stores_own_text() -> None:
    loaded = StateLoaded(1.0, 2.0, state=dump_state(state()))
    assert load_state(written(loaded).state, loaded.policy) == state()
