"""A store knows its starts, and what must be doubted stays in it until the deployable that it is about knows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.run import run_of
from cpe.shell.store.schema import SCHEMA_VERSION
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import RefusedError
from pcloud.model.actions import Decision, Report
from pcloud.model.words import Choice
from tests.store.states import LOST_IN_VERSION_2, UPLOAD, made, state

pytestmark = pytest.mark.real


class Killed(BaseException):
    """The daemon is gone, and has not said so."""


@asynccontextmanager
async def ended(directory: Path, by: BaseException, *, at: float = 0.0, limit: int = 3) -> AsyncIterator[tuple[SqliteStore, str]]:
    """A run that ends with this, and why it was doubted."""
    with suppress(type(by)):
        async with SqliteStore(directory) as store, run_of(store, limit=limit, wall=lambda: at) as doubt:
            yield store, doubt
            raise by


async def die(directory: Path, times: int = 1, report: Report | None = None, at: float = 0.0) -> str:
    """Runs that do not end in good order; why the last was doubted."""
    doubts = []
    for _ in range(times):
        async with ended(directory, Killed(), at=at) as (store, doubt):
            doubts.append(doubt)
            if report is not None:
                await store.record(state(), at=1.0, wall=1.0, reports=[report])
    return doubts[-1]


VERIFIED = Report("decided", "web", reason="reboot verified", record=Decision("shop.1", Choice.RECOVERED, "section 3.3"))
BY_ITSELF = Report("decided", "web", reason="recovered by itself", record=Decision("shop.1", Choice.RECOVERED, "section 3.3"))


async def test_the_fourth_start_after_three_deaths_is_doubted(tmp_path: Path) -> None:
    assert await die(tmp_path, 3) == ""
    assert "has died 3 times within 10m" in await die(tmp_path)


async def test_starts_long_ago_do_not_count(tmp_path: Path) -> None:
    assert await die(tmp_path, 3) == ""
    assert await die(tmp_path, at=1000.0) == ""


@pytest.mark.parametrize(("report", "doubted"), [(VERIFIED, False), (Report("takeover"), False), (BY_ITSELF, True), (Report("x"), True)])
async def test_a_verified_recovery_or_a_takeover_between_them_ends_what_was_before(tmp_path: Path, report: Report, doubted: bool) -> None:
    await made(tmp_path)
    await die(tmp_path, 2)
    await die(tmp_path, report=report)
    assert bool(await die(tmp_path)) is doubted


async def test_a_daemon_that_ends_with_a_sentence_has_not_died(tmp_path: Path) -> None:
    for _ in range(5):
        async with ended(tmp_path, RefusedError("the socket is taken"), limit=1) as (_store, doubt):
            assert doubt == ""


async def test_a_doubt_stays_until_the_state_says_that_it_only_observes(tmp_path: Path) -> None:
    await made(tmp_path)
    await die(tmp_path, 3)
    doubt = await die(tmp_path)
    async with SqliteStore(tmp_path) as store, run_of(store, limit=0, wall=lambda: 0.0):
        stored = await store.load_state("shop")
        assert stored is not None
        assert stored.doubt == doubt != ""
        await store.record(stored.state, at=1.0, wall=1.0, reports=[])
        again = await store.load_state("shop")
        assert again is not None
        assert again.doubt == doubt, "its state does not know yet"
        await store.record(replace(stored.state, observing=doubt), at=1.0, wall=1.0, reports=[])
        told = await store.load_state("shop")
        assert told is not None
        assert (told.doubt, told.state.observing) == ("", doubt)


async def test_what_is_registered_after_a_doubtful_start_is_not_doubted(tmp_path: Path) -> None:
    await die(tmp_path, 3)
    async with ended(tmp_path, Killed()) as (store, doubt):
        assert doubt
        await store.save_deployable("shop", UPLOAD)
        await store.record(state(), at=1.0, wall=1.0, reports=[])
        stored = await store.load_state("shop")
        assert stored is not None
        assert stored.doubt == ""


async def test_with_a_deployable_its_doubt_goes(tmp_path: Path) -> None:
    await made(tmp_path)
    await die(tmp_path, 4)
    async with SqliteStore(tmp_path) as store:
        await store.delete_deployable("shop")
        await store.save_deployable("shop", UPLOAD)
        await store.record(state(), at=1.0, wall=1.0, reports=[])
        stored = await store.load_state("shop")
        assert stored is not None
        assert stored.doubt == ""


async def test_a_store_of_before_starts_is_migrated_and_at_home_where_it_is(tmp_path: Path) -> None:
    await made(tmp_path)
    connection = sqlite3.connect(tmp_path / STORE_FILE)
    connection.executescript(LOST_IN_VERSION_2)
    connection.close()
    async with SqliteStore(tmp_path) as store, run_of(store, limit=1, wall=lambda: 0.0) as doubt:
        assert doubt == ""
        stored = await store.load_state("shop")
        assert stored is not None
        assert stored.state == state(serial=49)
    connection = sqlite3.connect(tmp_path / STORE_FILE)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()
