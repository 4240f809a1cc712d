"""A store belongs to one directory on one machine; one that was moved, copied, restored or put back is found out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.store.home import HOME_FILE, STORE_FILE, Home, Resident, machine, mark_restored, read_resident, write_resident
from cpe.shell.store.run import run_of
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import StoreError
from tests.store.states import UPLOAD

pytestmark = pytest.mark.real


async def opened(directory: Path, home: Home | None = None) -> str:
    """A run that ends in good order; why it was doubted."""
    async with SqliteStore(directory) as store, run_of(store, limit=3, wall=lambda: 1.0, home=home) as doubt:
        await store.save_deployable("shop", UPLOAD)
        return doubt


async def test_a_store_that_stays_where_it_is_is_at_home(tmp_path: Path) -> None:
    assert [await opened(tmp_path / "state") for _ in range(3)] == ["", "", ""]
    (tmp_path / "link").symlink_to(tmp_path / "state")
    assert await opened(tmp_path / "link") == "", "the same directory by another name"


def a_copy(directory: Path) -> Path:
    shutil.copytree(directory, directory.with_name("other"))
    return directory.with_name("other")


def renamed(directory: Path) -> Path:
    return directory.rename(directory.with_name("other"))


def the_store_alone(directory: Path) -> Path:
    directory.with_name("other").mkdir()
    shutil.copy2(directory / STORE_FILE, directory.with_name("other"))
    return directory.with_name("other")


@pytest.mark.parametrize("move", [a_copy, renamed, the_store_alone])
async def test_one_that_opens_in_another_directory_was_moved_and_is_at_home_there_from_then_on(
    tmp_path: Path, move: Callable[[Path], Path]
) -> None:
    await opened(tmp_path / "state")
    there = move(tmp_path / "state")
    assert await opened(there) == f"the store was moved here from {tmp_path / 'state'}"
    assert await opened(there) == ""


async def test_one_that_opens_on_another_machine_was_moved(tmp_path: Path) -> None:
    here = Home.of(tmp_path)
    assert await opened(tmp_path, replace(here, machine="one")) == ""
    assert await opened(tmp_path, replace(here, machine="two")) == "the store was moved here from another machine"
    assert await opened(tmp_path, replace(here, machine="two")) == ""


async def test_a_machine_without_an_id_says_nothing(tmp_path: Path) -> None:
    here = Home.of(tmp_path)
    for name in ("one", "", "two"):
        assert await opened(tmp_path, replace(here, machine=name)) == ""


async def test_one_that_takes_the_place_of_another_daemons_was_put_there(tmp_path: Path) -> None:
    await opened(tmp_path / "state")
    await opened(tmp_path / "theirs")
    shutil.copy2(tmp_path / "state" / STORE_FILE, tmp_path / "saved.db")
    shutil.copy2(tmp_path / "theirs" / HOME_FILE, tmp_path / "state" / HOME_FILE)
    assert await opened(tmp_path / "state") == f"the store was put into {tmp_path / 'state'} from elsewhere"
    (tmp_path / "state" / HOME_FILE).unlink()
    assert await opened(tmp_path / "state") == f"the store was put into {tmp_path / 'state'} from elsewhere"


async def test_one_that_takes_the_place_of_a_later_state_of_itself_was_put_back(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    await opened(directory)
    shutil.copy2(directory / STORE_FILE, tmp_path / "saved.db")
    await opened(directory)
    shutil.copy2(tmp_path / "saved.db", directory / STORE_FILE)
    assert await opened(directory) == f"the store is an older one than was in {directory} last: it was put back"
    assert await opened(directory) == ""


async def test_one_that_is_marked_as_restored_is_at_home_nowhere(tmp_path: Path) -> None:
    await opened(tmp_path)
    mark_restored(tmp_path / STORE_FILE)
    assert await opened(tmp_path) == "the store was restored from a backup"
    assert await opened(tmp_path) == ""


async def test_a_daemon_that_died_between_its_store_and_its_note_finds_its_store_at_home(tmp_path: Path) -> None:
    await opened(tmp_path)
    known = read_resident(tmp_path)
    assert known is not None
    write_resident(tmp_path, replace(known, starts=known.starts - 1))
    assert await opened(tmp_path) == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"controller": "x", "starts": "many"}', "\x00"])
def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / HOME_FILE).write_text(text)
    assert read_resident(tmp_path) is None


def test_a_note_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="home cannot be written"):
        write_resident(tmp_path / "gone", Resident("x", 1))


def test_a_machine_is_known_by_a_hash_of_its_id(tmp_path: Path) -> None:
    none, first, second = tmp_path / "none", tmp_path / "first", tmp_path / "second"
    first.write_text("0123456789abcdef0123456789abcdef\n")
    second.write_text("another\n")
    assert machine((none, first)) == machine((first, second)) != machine((second,))
    assert "0123456789" not in json.dumps(machine((first,)))
    second.write_text("uninitialized\n")
    assert machine((none, second)) == ""
