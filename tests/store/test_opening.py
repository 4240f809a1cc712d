"""Opening a store: one daemon at a time, and what cannot be trusted is refused and left as it is."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from cpe.shell.store.home import STORE_FILE, Resident, write_resident
from cpe.shell.store.lock import LOCK_FILE
from cpe.shell.store.schema import SCHEMA_VERSION
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import RefusedError, StoreError
from tests.store.states import UPLOAD, made

pytestmark = pytest.mark.real


def digest(directory: Path) -> dict[str, str]:
    """What every file of the store holds; the lock's is the daemon's own."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir() if path.name != LOCK_FILE}


async def test_a_second_daemon_on_the_same_state_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path):
        with pytest.raises(RefusedError, match=rf"process {os.getpid()}\) works on"):
            await SqliteStore(tmp_path).open()
    async with SqliteStore(tmp_path) as store:
        assert await store.deployables() == []


async def test_a_newer_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    await made(tmp_path)
    connection = sqlite3.connect(tmp_path / STORE_FILE)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = digest(tmp_path)
    with pytest.raises(StoreError, match="written by a newer pcloud"):
        await SqliteStore(tmp_path).open()
    assert digest(tmp_path) == before


@pytest.mark.parametrize("offset", [0, 4096 * 3])
async def test_a_damaged_store_is_refused_and_left_as_it_is(tmp_path: Path, offset: int) -> None:
    await made(tmp_path)
    with (tmp_path / STORE_FILE).open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 4096)
    before = digest(tmp_path)
    with pytest.raises(StoreError, match="is damaged"):
        await SqliteStore(tmp_path).open()
    assert digest(tmp_path) == before


async def test_a_file_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / STORE_FILE)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = digest(tmp_path)
    with pytest.raises(StoreError, match="is not a store of pcloud"):
        await SqliteStore(tmp_path).open()
    assert digest(tmp_path) == before


async def test_a_directory_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        await SqliteStore(tmp_path / "file" / "state").open()


async def test_an_empty_file_that_a_killed_daemon_left_is_made_into_a_store(tmp_path: Path) -> None:
    (tmp_path / STORE_FILE).touch()
    async with SqliteStore(tmp_path) as store:
        await store.save_deployable("shop", UPLOAD)


async def test_the_store_is_for_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    async with SqliteStore(directory):
        assert directory.stat().st_mode & 0o777 == 0o700
        assert all(path.stat().st_mode & 0o077 == 0 for path in directory.iterdir())


async def test_an_empty_file_in_which_a_store_was_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    await made(tmp_path)
    write_resident(tmp_path, Resident("us", 1))
    (tmp_path / STORE_FILE).write_bytes(b"")
    with pytest.raises(StoreError, match="is empty, and a store was at home there"):
        await SqliteStore(tmp_path).open()
    assert (tmp_path / STORE_FILE).read_bytes() == b""
