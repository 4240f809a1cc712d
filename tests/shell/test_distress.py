"""Somebody is told at once of a store that cannot be written, and the journal afterwards."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cpe.shell.distress import WAITING, Troubles, distress
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import UnwritableError
from pcloud.records.event import EventRecord
from pcloud.records.requests import SpecUpload

pytestmark = pytest.mark.real


async def limited(store: SqliteStore, pages: int) -> None:
    """No more pages than there are, or than ``pages``: SQLite's own way to make a disk full."""
    assert store._writes is not None
    await asyncio.get_running_loop().run_in_executor(store._writing, partial(_limit, store._writes, pages))


def _limit(connection: sqlite3.Connection, pages: int) -> None:
    connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()


async def full_for_a_while(store: SqliteStore) -> None:
    await limited(store, 1)
    with pytest.raises(UnwritableError):
        await store.save_deployable("big", SpecUpload(source="x" * 500_000, path="x"))
    await limited(store, 10**6)
    await store.writable()


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not look():  # noqa: ASYNC110 - what we wait for happens in another task
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("command", "told"), [("cat >> {file}", True), ("", False), ("exit 3", False)])
async def test_it_is_an_alert_in_the_journal_only_if_nobody_could_be_told(tmp_path: Path, command: str, told: bool) -> None:
    file, heard = tmp_path / "alerts", list[EventRecord]()
    async with SqliteStore(tmp_path / "state") as store:
        store.on_events(heard.extend)
        async with distress(store, command.format(file=file), time.time):
            await full_for_a_while(store)
            await until(lambda: any(event.kind == "unwritable" for event in heard))
    assert [event.kind for event in heard] == (["unwritable"] if told else ["unwritable", "alert"])
    assert "everything was watched, and nothing was done: the store cannot be written: database or disk is full" in heard[0].reason
    if told:
        (alert,) = [json.loads(line) for line in file.read_text().splitlines()]
        assert (alert["id"], alert["seq"], alert["kind"], alert["alert"]) == ("unstored", 0, "alert", True)


async def test_one_that_comes_and_goes_calls_once(tmp_path: Path) -> None:
    file, heard = tmp_path / "alerts", list[EventRecord]()
    async with SqliteStore(tmp_path / "state") as store:
        store.on_events(heard.extend)
        async with distress(store, f"cat >> {file}", time.time):
            for number in range(1, 3):
                await full_for_a_while(store)
                await until(lambda number=number: len(heard) == number)  # type: ignore[misc]
    assert len(file.read_text().splitlines()) == 1


async def test_troubles_that_come_faster_than_they_are_told_are_one_that_goes_on() -> None:
    troubles = Troubles()
    for second in range(100):
        troubles.hear(2.0 * second, f"full, the {second}.")
        troubles.hear(2.0 * second + 1, "")
    troubles.hear(200.0, "full again")
    troubles.hear(201.0, "")
    told = [await troubles.next() for _ in range(WAITING)]
    assert [bool(trouble) for _, trouble in told] == [True, False] * (WAITING // 2)
    assert (told[0], told[-1]) == ((0.0, "full, the 0."), (201.0, ""))
    troubles.hear(300.0, "the next")
    assert await troubles.next() == (300.0, "the next")


async def test_one_that_goes_on_while_there_is_no_room_has_no_end_yet() -> None:
    troubles = Troubles()
    for second in range(100):
        troubles.hear(2.0 * second, "full")
        troubles.hear(2.0 * second + 1, "")
    troubles.hear(200.0, "full")
    told = [await troubles.next() for _ in range(WAITING - 1)]
    assert [bool(trouble) for _, trouble in told] == [*[True, False] * (WAITING // 2 - 1), True]
    troubles.hear(201.0, "")
    assert await troubles.next() == (201.0, "")
