"""The store on a real disk: what is acknowledged is there, what cannot be trusted is left alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cpe.shell.store import Store
from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.store.writer import WAITING
from pcloud.errors import StoreError, UnwritableError
from pcloud.model.actions import Decision, Report
from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord
from pcloud.records.requests import SpecUpload
from tests.store.states import UPLOAD, made, state

pytestmark = pytest.mark.real

WALL = 1_700_000_000.0


def report(kind: str = "resource", assembly: str = "", resource: str = "") -> Report:
    decision = Decision("d-1", Choice.ACT, "3.2", Rung.RESTART, Rung.RESTART, 1, 3, 600.0, ("not running",), "restart")
    return Report(kind, assembly, resource, "healthy", "failed", "not running", "d-1", decision)


async def test_what_is_recorded_is_there_after_a_restart(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "new" / "state") as store:
        checked: Store = store
        await checked.record(state(serial=1), at=12.5, wall=WALL, reports=[report(), report("assembly", "mysql")])
        await checked.record(state(serial=2), at=13.5, wall=WALL + 1, reports=[])
        controller = store.controller
    async with SqliteStore(tmp_path / "new" / "state") as store:
        stored = await store.load_state("shop")
        assert stored is not None
        assert (stored.state, stored.at, stored.wall) == (state(serial=2), 13.5, WALL + 1)
        assert [(event.seq, event.kind, event.assembly) for event in await store.events()] == [
            (1, "resource", None),
            (2, "assembly", "mysql"),
        ]
        assert store.controller == controller
        assert await store.load_state("other") is None


async def test_an_event_comes_back_with_all_that_was_reported(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.record(state(), at=1.0, wall=WALL, reports=[report("resource", "mysql", "mysqld")])
        (event,) = await store.events()
    assert (event.id, event.at, event.target) == ("1", datetime.fromtimestamp(WALL, UTC), "shop/mysql/mysqld")
    assert (event.from_, event.to, event.reason, event.decision, event.alert) == ("healthy", "failed", "not running", "d-1", False)
    assert event.record == report().record


async def test_the_controller_can_report_without_a_state(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.report("shop", Report("crashed", reason="its engine died", alert=True), wall=WALL)
        event, _ = await store.events(target="shop")
        assert (event.kind, event.reason, event.alert, event.assembly) == ("crashed", "its engine died", True, None)
        assert await store.load_state("shop") is None


async def test_an_alert_is_an_event_of_its_own_behind_what_raises_it(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        told: list[EventRecord] = []
        store.on_events(told.extend)
        raised = replace(report("decided", "mysql", "mysqld"), alert=True)
        await store.record(state(), at=1.0, wall=WALL, reports=[report(), raised, Report("alert", reason="once", alert=True)])
        events = await store.events()
        assert [(event.seq, event.kind, event.alert) for event in events] == [
            (1, "resource", False),
            (2, "decided", True),
            (3, "alert", True),
            (4, "alert", True),
        ]
        alert = events[2]
        assert (alert.target, alert.at, alert.reason, alert.decision) == (events[1].target, events[1].at, "not running", "d-1")
        assert (alert.from_, alert.to, alert.record) == (None, None, None)
        await asyncio.sleep(0)
        assert told == events
        assert await store.events(kind="alert") == events[2:]
        assert await store.events(kind="alert", limit=1, last=True) == events[3:]
        assert await store.events(kind="alert", target="shop/mysql") == [alert]


async def test_marks_are_kept_until_they_are_forgotten(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        assert await store.mark("read") is None
        await store.save_mark("read", "7")
        await store.save_mark("read", "8")
    async with SqliteStore(tmp_path) as store:
        assert await store.mark("read") == "8"
        await store.save_mark("read", None)
        assert await store.mark("read") is None


async def test_deployables_are_kept_with_their_files_and_age(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.save_deployable("shop", UPLOAD)
        await store.save_deployable("blog", UPLOAD)
        (_, first) = await store.deployables()
        await store.save_deployable("shop", SpecUpload(source="deployable: shop # 2\n", path="b.yaml"))
        blog, shop = await store.deployables()
        assert await store.deployable("shop") == shop
        assert await store.deployable("other") is None
    assert (blog.name, blog.upload) == ("blog", UPLOAD)
    assert (shop.name, shop.upload.source, shop.upload.files, shop.created) == ("shop", "deployable: shop # 2\n", {}, first.created)


async def test_a_deleted_deployable_leaves_its_history_only(tmp_path: Path) -> None:
    await made(tmp_path)
    async with SqliteStore(tmp_path) as store:
        await store.delete_deployable("shop")
        assert await store.deployables() == []
        assert await store.load_state("shop") is None
        assert len(await store.events()) == 50


async def test_events_are_found_by_place_target_and_time(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        for second, (assembly, resource) in enumerate([("", ""), ("mysql", ""), ("mysql", "mysqld"), ("web", ""), ("mysql-2", "")]):
            await store.record(state(), at=0.0, wall=WALL + second, reports=[report("x", assembly, resource)])
        await store.record(state("shop-2"), at=0.0, wall=WALL + 9, reports=[report()])

        async def found(after: int = 0, limit: int = 100, target: str = "", since: datetime | None = None, last: bool = False) -> list[int]:
            return [event.seq for event in await store.events(after=after, limit=limit, target=target, since=since, last=last)]

        assert await found() == [1, 2, 3, 4, 5, 6]
        assert await found(after=2, limit=2) == [3, 4]
        assert await found(limit=2, last=True) == [5, 6]
        assert await found(limit=2, last=True, target="shop") == [4, 5]
        assert await found(target="shop/mysql") == [2, 3]
        assert await found(target="shop/mysql/mysqld") == [3]
        assert await found(target="shop/mysql/mysqld/more") == await found(target="sho") == []
        moment = datetime.fromtimestamp(WALL, UTC) + timedelta(seconds=3)
        assert await found(since=moment) == await found(since=moment.replace(tzinfo=None)) == [4, 5, 6]


async def test_records_that_wait_together_become_durable_together(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(store.record(state(f"d{number}"), at=0.0, wall=WALL, reports=[report()]), name=f"record {number}")
        assert store.commits <= 5
        assert len(await store.events()) == 100


async def test_more_writes_than_the_queue_holds_are_all_done(tmp_path: Path) -> None:
    count = WAITING + 200
    async with SqliteStore(tmp_path) as store, asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(store.record(state(serial=number), at=0.0, wall=WALL, reports=[report()]), name=f"record {number}")
    async with SqliteStore(tmp_path) as store:
        assert len(await store.events(limit=2 * count)) == count


async def test_listeners_hear_of_events_in_order_and_only_when_they_are_durable(tmp_path: Path) -> None:
    heard: list[int] = []

    def listen(events: Sequence[EventRecord]) -> None:
        reader = sqlite3.connect(f"file:{tmp_path / STORE_FILE}?mode=ro", uri=True)
        durable = {seq for (seq,) in reader.execute("SELECT seq FROM events")}
        reader.close()
        assert durable.issuperset(event.seq for event in events)
        heard.extend(event.seq for event in events)

    async with SqliteStore(tmp_path) as store:
        store.on_events(listen)
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(store.record(state(), at=0.0, wall=WALL, reports=[report(), report()]), name=f"record {number}")
        await store.record(state(), at=0.0, wall=WALL, reports=[])
        await asyncio.sleep(0)
    assert heard == list(range(1, 41))


async def test_a_cancelled_caller_harms_nobody_else(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        tasks = [asyncio.create_task(store.record(state(f"d{n}"), at=0.0, wall=WALL, reports=[report()]), name=f"{n}") for n in range(10)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [None] * 9
        assert await store.load_state("d9") is not None


async def test_a_disk_that_refuses_fails_the_writes_and_not_the_store(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.record(state(serial=1), at=0.0, wall=WALL, reports=[])
        assert store._writes is not None
        pages = await asyncio.get_running_loop().run_in_executor(store._writing, _limit_pages, store._writes, 1)
        heard: list[str] = []
        store.on_trouble(heard.append)
        with pytest.raises(UnwritableError, match="cannot be written: database or disk is full"):
            await store.save_deployable("big", SpecUpload(source="x" * 500_000, path="x"))
        with pytest.raises(UnwritableError, match="cannot be written: database or disk is full"):
            await store.save_deployable("small", UPLOAD)
        await asyncio.get_running_loop().run_in_executor(store._writing, _limit_pages, store._writes, pages + 10**6)
        await store.writable()
        await store.record(state(serial=2), at=0.0, wall=WALL, reports=[])
        stored = await store.load_state("shop")
        assert stored is not None
        assert stored.state.serial == 2
        assert heard == ["the store cannot be written: database or disk is full", ""]
        assert await store.deployables() == []


def _limit_pages(connection: sqlite3.Connection, pages: int) -> int:
    """SQLite's own way to make a disk full: no more pages than there are, or than ``pages``."""
    return int(connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()[0])


async def test_a_bug_in_the_writer_is_loud_and_leaves_nobody_waiting(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    tasks = [asyncio.create_task(store.write(lambda _connection: [1 // 0]), name="bug")]
    tasks += [asyncio.create_task(store.save_deployable(f"d{n}", UPLOAD), name=f"save {n}") for n in range(5)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, StoreError) for result in results)
    with pytest.raises(ZeroDivisionError):
        await store.close()
    async with SqliteStore(tmp_path) as again:
        assert await again.deployables() == []


async def test_a_spec_that_is_no_text_is_refused_alone(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        with pytest.raises(StoreError, match="not valid Unicode"):
            await store.save_deployable("shop", SpecUpload.model_construct(source="\ud800", path="x", files={}))
        await store.save_deployable("shop", UPLOAD)


async def test_a_closed_store_refuses_and_can_be_closed_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreError, match="not open"):
        await store.deployables()
    await store.open()
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.record(state(), at=0.0, wall=WALL, reports=[])
