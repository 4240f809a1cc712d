"""A backup has all that is needed to go on, and is put back as a whole or not at all."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cpe.shell.keyring import FileKeyring
from cpe.shell.store import restoring
from cpe.shell.store.backup import check_backup, write_backup
from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.restoring import restore
from cpe.shell.store.run import run_of
from cpe.shell.store.schema import SCHEMA_VERSION
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import PcloudError, RefusedError, StoreError
from pcloud.model.actions import Report
from tests.store.states import LOST_IN_VERSION_3, made, state

pytestmark = pytest.mark.real

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def backed_up(tmp_path: Path) -> Path:
    """A backup of a store with a deployable, and the key of its machine."""
    directory = tmp_path / "first"
    await made(directory)
    keyring = FileKeyring(directory / "keys", "us")
    keyring.client_path("shop")
    keyring.host_pair("shop", "mysql", 3)
    write_backup(directory, tmp_path / "backup")
    return tmp_path / "backup"


def contents(directory: Path) -> dict[str, bytes]:
    files = sorted(directory.rglob("*")) if directory.is_dir() else [directory]
    return {each.relative_to(directory).as_posix(): each.read_bytes() for each in files if each.is_file()}


def modes(path: Path) -> set[int]:
    return {each.stat().st_mode & 0o777 for each in ([path] if path.is_file() else path.rglob("*"))}


async def opened(directory: Path) -> tuple[str, list[str], int]:
    """Its doubt, its deployables, and the serial of one of them."""
    async with SqliteStore(directory) as store, run_of(store, limit=3, wall=lambda: 1.0) as doubt:
        stored = await store.load_state("shop")
        return doubt, [each.name for each in await store.deployables()], stored.state.serial if stored else -1


async def test_a_backup_is_one_file_for_its_owner_with_the_store_and_the_keys(tmp_path: Path, backed_up: Path) -> None:
    assert modes(backed_up) == {0o600}
    check_backup(backed_up)
    done = restore(backed_up, tmp_path / "second")
    assert (done.deployables, done.kept) == (1, None)
    assert await opened(tmp_path / "second") == ("the store was restored from a backup", ["shop"], 49)
    assert contents(tmp_path / "second" / "keys") == contents(tmp_path / "first" / "keys") != {}
    assert modes(tmp_path / "second") == {0o600, 0o700}
    with closing(sqlite3.connect(tmp_path / "second" / STORE_FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'keys'").fetchone() == (0,)


async def test_a_backup_is_made_while_others_write_and_is_as_all_was_at_one_moment(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        ended = False

        async def write() -> None:
            serial = 0
            while not ended:
                serial += 1
                await store.record(state(serial=serial), at=1.0, wall=1.0, reports=[Report("x", reason=str(serial))])

        writing = asyncio.create_task(write())
        for number in range(3):
            await asyncio.to_thread(write_backup, tmp_path, tmp_path / f"backup-{number}")
        ended = True
        await writing
    for number in range(3):
        restore(tmp_path / f"backup-{number}", tmp_path / str(number))
        async with SqliteStore(tmp_path / str(number)) as store:
            stored = await store.load_state("shop")
            assert [int(event.reason) for event in await store.events(limit=10**6)] == list(
                range(1, stored.state.serial + 1 if stored else 1)
            )


async def test_what_was_there_before_is_kept(tmp_path: Path, backed_up: Path) -> None:
    async with SqliteStore(tmp_path / "first") as store:
        await store.record(state(serial=99), at=1.0, wall=1.0, reports=[])
    before = contents(tmp_path / "first")
    done = restore(backed_up, tmp_path / "first", NOON)
    assert done.kept == tmp_path / "first" / "before-restore-20260131T120000Z"
    assert contents(done.kept) == {name: content for name, content in before.items() if name != "lock"}
    assert (await opened(tmp_path / "first"))[2] == 49
    shutil.copytree(done.kept, tmp_path / "old")
    assert (await opened(tmp_path / "old"))[2] == 99


async def test_nothing_is_restored_under_a_daemon(tmp_path: Path, backed_up: Path) -> None:
    async with SqliteStore(tmp_path / "first"):
        with pytest.raises(RefusedError, match=rf"another daemon \(process {os.getpid()}\) works on"):
            restore(backed_up, tmp_path / "first")
    assert not (tmp_path / "first" / "restoring").exists()


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def without_keys(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE keys")


def with_another_key(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE keys SET content = 'x'")
        connection.commit()


def with_a_key_elsewhere(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE keys SET path = '../../' || path")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (newer, "written by a newer pcloud"),
        (damaged, "is damaged: "),
        (without_keys, "is a store, and no backup"),
        (with_another_key, r"the key \S+ is not what was written"),
        (with_a_key_elsewhere, r"the key \S+ is not what was written"),
        (Path.unlink, "there is no such file"),
        (lambda path: path.write_bytes(b""), "is no backup of pcloud"),
        (lambda path: path.write_text("deployable: shop\n" * 100), "is no backup of pcloud"),
    ],
)
async def test_what_is_no_whole_backup_is_refused_and_nothing_is_changed(
    tmp_path: Path, backed_up: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(backed_up)
    before, spoiled = contents(tmp_path / "first"), contents(backed_up)
    with pytest.raises(PcloudError, match=said) as refused:
        restore(backed_up, tmp_path / "first")
    assert refused.value.cure
    assert contents(tmp_path / "first") == before
    assert contents(backed_up) == spoiled


async def test_a_backup_of_an_older_version_is_restored_as_one_of_now(tmp_path: Path, backed_up: Path) -> None:
    with closing(sqlite3.connect(backed_up)) as connection:
        connection.executescript(LOST_IN_VERSION_3)
    restore(backed_up, tmp_path / "second")
    assert await opened(tmp_path / "second") == ("the store was restored from a backup", ["shop"], 49)


class Broken(BaseException):
    """The process was killed."""


async def test_a_restore_that_is_killed_anywhere_leaves_the_old_state_or_is_finished_by_whoever_comes_next(
    tmp_path: Path, backed_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SqliteStore(tmp_path / "first") as store:
        await store.record(state(serial=99), at=1.0, wall=1.0, reports=[])
    rename, found, steps = Path.rename, [], 0
    while True:
        directory = tmp_path / f"killed-{steps}"
        shutil.copytree(tmp_path / "first", directory)
        left = steps

        def killed(path: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0:
                raise Broken
            return rename(path, target)

        monkeypatch.setattr(restoring.Path, "rename", killed)
        try:
            restore(backed_up, directory)
        except Broken:
            pass
        finally:
            monkeypatch.setattr(restoring.Path, "rename", rename)
        found.append((await opened(directory))[2])
        assert contents(directory / "keys") == contents(tmp_path / "first" / "keys")
        if left >= 0:
            break
        steps += 1
    assert found[0] == 99, "before it was ready nothing was changed"
    assert set(found[1:]) == {49}
    assert len(found) > 4


async def test_what_is_no_room_for_leaves_nothing_behind(tmp_path: Path) -> None:
    await made(tmp_path)
    (tmp_path / "there").touch()
    with pytest.raises(StoreError, match="the backup cannot be written"):
        write_backup(tmp_path, tmp_path / "there")
    with pytest.raises(StoreError, match="cannot be"):
        write_backup(tmp_path / "nowhere", tmp_path / "new")
    assert not (tmp_path / "new").exists()
