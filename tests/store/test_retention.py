"""What is old is dropped, and nothing that somebody still needs; the file gets smaller, and the writer is never held for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.alerting import MARK
from cpe.shell.retention import Retention
from cpe.shell.store.checkpoints import OLDEST
from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.sqlite import SqliteStore
from pcloud.model.actions import Decision, Report
from pcloud.model.facts import JournalFact, StateKept, StateMade
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import DeployableState
from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord
from pcloud.records.fact import fact_of
from pcloud.records.serialising import dump_state
from tests.store.states import UPLOAD, state

pytestmark = pytest.mark.real

DAY = 86400.0
NOW = 1_790_000_000.0
KEEP = 30 * DAY
LARGE = 2**40


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    monkeypatch.setattr("cpe.shell.retention.BREATH", 0.0)
    async with SqliteStore(tmp_path) as made:
        yield made


def decided(name: str, assembly: str = "web", choice: Choice = Choice.ACT, evidence: tuple[str, ...] = ()) -> Report:
    return Report(
        "decided", assembly, reason=name, decision=name, record=Decision(name, choice, "3.2", evidence=evidence, action=Rung.REBOOT)
    )


async def tidy(store: SqliteStore, *, size: int = LARGE, keep: float = KEEP) -> list[EventRecord]:
    await Retention(store, keep=keep, size=size, wall=lambda: NOW).tidy()
    return await store.events(limit=10**6)


async def test_what_is_older_than_is_kept_is_dropped_and_what_was_dropped_is_told(store: SqliteStore) -> None:
    for days in (40, 31, 29, 1):
        await store.report("shop", Report("x", reason=f"{days}"), wall=NOW - days * DAY)
    left = await tidy(store)
    assert [event.reason for event in left[:2]] == ["29", "1"]
    assert (left[2].kind, left[2].deployable) == ("retired", "")
    assert left[2].reason.startswith("2 events and 0 facts of before ")
    assert left[2].reason.endswith("because of their age")
    assert [event.seq for event in left] == [3, 4, 5], "no number comes again"
    assert await tidy(store) == left, "nothing is told of nothing"


async def test_the_last_decision_about_each_target_stays_with_what_came_of_it(store: SqliteStore) -> None:
    await store.save_deployable("shop", UPLOAD)
    await store.record(state(), at=0.0, wall=NOW, reports=[])
    old = NOW - 100 * DAY
    for number, assembly in ((1, "web"), (2, "web"), (3, "db")):
        await store.report("shop", decided(f"shop.{number}", assembly), wall=old + number)
        await store.report("shop", Report("assembly", assembly, reason="rebooting", decision=f"shop.{number}"), wall=old + number)
    await store.report("shop", decided("shop.9", choice=Choice.RECOVERED, evidence=("shop.2",)), wall=old + 9)
    await store.report("gone", decided("gone.1"), wall=old)
    before = await store.explanations(target="shop", last=2)
    left = await tidy(store)
    assert [event.decision for event in left[:-1]] == ["shop.2", "shop.2", "shop.3", "shop.3", "shop.9"]
    assert await store.explanations(target="shop", last=2) == before


async def test_what_an_open_recovery_names_stays(store: SqliteStore) -> None:
    held = state()
    held = replace(held, assemblies={"mysql": replace(held.assemblies["mysql"], held="no second sight", decision="shop.4")})
    await store.record(held, at=0.0, wall=NOW, reports=[])
    for number in (4, 5, 6):
        await store.report("shop", decided(f"shop.{number}"), wall=NOW - 100 * DAY)
    assert [event.decision for event in await tidy(store)][:-1] == ["shop.4", "shop.6"]


@pytest.mark.parametrize(("mark", "left"), [(None, 0), ("2", 2)])
async def test_alerts_that_were_not_handed_over_stay(store: SqliteStore, mark: str | None, left: int) -> None:
    for number in range(4):
        await store.report("shop", Report("alert", reason=str(number), alert=True), wall=NOW - 100 * DAY)
    await store.save_mark(MARK, mark)
    assert len([event for event in await tidy(store) if event.kind == "alert"]) == left


async def play(store: SqliteStore, name: str, rounds: int, began: float, apart: float) -> None:
    """A deployable of which something is recorded again and again."""
    made = DeployableState(name)
    facts: list[JournalFact] = [StateMade(0.0, began, seed=0, jitter=0.25)]
    for number in range(rounds):
        at = number * apart
        await store.record(replace(made, serial=number), at=at, wall=began + at, reports=[], facts=facts)
        facts = [StateMade(at, began + at, seed=0, jitter=0.25)]


@pytest.fixture
def every(monkeypatch: pytest.MonkeyPatch) -> int:
    """After so few facts a state is kept."""
    monkeypatch.setattr("cpe.shell.store.checkpoints.EVERY", 20)
    return 20


@pytest.mark.parametrize(("rounds", "apart"), [(25, 60.0), (5, OLDEST / 2)])
@pytest.mark.usefixtures("every")
async def test_a_state_is_kept_after_so_many_facts_or_so_long(store: SqliteStore, rounds: int, apart: float) -> None:
    await play(store, "shop", rounds, NOW - 60 * DAY, apart)
    kinds = [fact.kind for fact in await store.facts("shop", limit=10**6)]
    assert kinds.count("StateKept") >= 1
    assert kinds[-1] != "StateKept" or apart > 60.0
    assert kinds[0] == "StateMade"


async def test_facts_are_cut_at_a_state_that_was_kept(store: SqliteStore) -> None:
    await play(store, "shop", 60, NOW - 60 * DAY, DAY)
    await play(store, "young", 10, NOW - DAY, 60.0)
    await tidy(store)
    facts = await store.facts("shop", limit=10**6)
    assert facts[0].kind == "StateKept"
    assert NOW - KEEP - OLDEST - DAY <= facts[0].at.timestamp() < NOW - KEEP
    assert len(await store.facts("young", limit=100)) == 10


async def test_what_was_counted_before_a_restart_counts(tmp_path: Path, every: int) -> None:
    for half in range(2):
        async with SqliteStore(tmp_path) as store:
            await play(store, "shop", every // 2 + 1, NOW + half, 0.0)
            kept = [fact for fact in await store.facts("shop", limit=10**6) if fact.kind == "StateKept"]
            assert len(kept) == half


async def test_what_is_kept_among_the_facts_is_the_state_with_its_plans(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpe.shell.store.checkpoints.EVERY", 1)
    plan, target = (DeployablePlan("shop", (where,), ()) for where in ("here", "there"))
    for made in (replace(state(), plan=plan, target=plan), replace(state(), plan=plan, target=target)):
        await store.record(made, at=5.0, wall=NOW, reports=[], facts=[StateMade(0.0, NOW, seed=0, jitter=0.25)])
    told = [fact_of(fact) for fact in await store.facts("shop", limit=10) if fact.kind == "StateKept"]
    assert told == [StateKept(5.0, NOW, dump_state(state()), plan, where) for where in (None, target)]


async def test_the_oldest_goes_where_the_store_is_too_large_and_the_file_gets_smaller(store: SqliteStore) -> None:
    await asyncio.gather(*(store.report("shop", Report("x", reason="y" * 2000), wall=NOW - DAY + number) for number in range(10_000)))
    size = 8 * 2**20
    left = await tidy(store, size=size)
    directory = store.directory
    await store.close()
    assert (directory / STORE_FILE).stat().st_size <= size
    assert left[-1].reason.endswith("because of their size")
    assert [event.seq for event in left] == list(range(left[0].seq, left[-1].seq + 1)), "the oldest went"
    assert len(left) > 1000, "and not more than had to"


async def test_a_store_that_is_too_large_with_what_has_to_stay_is_an_alert_once(store: SqliteStore) -> None:
    await store.record(state(), at=0.0, wall=NOW, reports=[])
    retention = Retention(store, keep=KEEP, size=1000, wall=lambda: NOW)
    await retention.tidy()
    await retention.tidy()
    assert [event.kind for event in await store.events(limit=100)] == ["store_too_large", "alert"]


async def test_others_write_meanwhile(store: SqliteStore) -> None:
    await asyncio.gather(*(store.report("shop", Report("x", reason="y" * 300), wall=NOW - 100 * DAY) for _ in range(10_000)))
    pass_ = asyncio.create_task(Retention(store, keep=KEEP, size=LARGE, wall=lambda: NOW).tidy())
    written, began = 0, time.monotonic()
    while not pass_.done():
        await store.record(state("other", written), at=0.0, wall=NOW, reports=[])
        written += 1
    await pass_
    assert written > 5, f"in {time.monotonic() - began:.1f}s"
