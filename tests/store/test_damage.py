"""A damaged file is refused with one sentence and left as it is, or what it gives is whole: nothing in between, wherever the damage is."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.shell.store.checking import open_for_reading, version_of
from cpe.shell.store.home import HOME, STORE_FILE
from cpe.shell.store.schema import SCHEMA_VERSION, check, expected, open_for_writing
from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.store.tables import EventQuery, read_deployables, read_events, read_facts, read_meta, read_state
from pcloud.errors import StoreError
from pcloud.model.actions import Report
from pcloud.model.events import Ticked
from pcloud.model.facts import Taken
from tests.store.states import LOST_IN_VERSION_3, UPLOAD, state

pytestmark = pytest.mark.real

RECORDS = 12
PAGE = 4096
LOG = f"{STORE_FILE}-wal"

READS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "deployables": read_deployables,
    "shop": lambda connection: read_state(connection, "shop"),
    "blog": lambda connection: read_state(connection, "blog"),
    "events": lambda connection: read_events(connection, EventQuery(limit=1000)),
    "events of one": lambda connection: read_events(connection, EventQuery(limit=1000, target="shop/mysql")),
    "facts": lambda connection: read_facts(connection, "shop", 0, 1000),
    "meta": read_meta,
}
"""All that a daemon is told by a store when it starts."""


async def filled(directory: Path) -> None:
    async with SqliteStore(directory) as store:
        await store.save_deployable("shop", UPLOAD)
        await store.save_deployable("blog", UPLOAD)
        await store.save_mark(HOME, "here")
        await store.record(state("blog"), at=1.0, wall=1.0, reports=[])
        for serial in range(1, RECORDS + 1):
            facts = [Taken(Ticked(at=float(serial), wall=1.0))]
            await store.record(state(serial=serial), at=1.0, wall=1.0, reports=[Report("x", "mysql", reason=str(serial))], facts=facts)


@dataclass(frozen=True)
class Sample:
    """A store, and the same one as a killed daemon leaves it, with a log."""

    file: bytes
    killed: Path
    told: dict[str, object]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    directory = tmp_path_factory.mktemp("sample")
    asyncio.run(filled(directory / "closed"))
    killed = directory / "killed"

    async def leave() -> None:
        await filled(directory / "open")
        async with SqliteStore(directory / "open") as store:
            for serial in range(RECORDS + 1, 2 * RECORDS + 1):
                await store.record(state(serial=serial), at=1.0, wall=1.0, reports=[Report("x", "mysql", reason=str(serial))])
            shutil.copytree(directory / "open", killed)

    asyncio.run(leave())
    with closing(open_for_reading(directory / "closed" / STORE_FILE)) as connection:
        told = {name: read(connection) for name, read in READS.items()}
    return Sample((directory / "closed" / STORE_FILE).read_bytes(), killed, told)


def tried(directory: Path, content: bytes, sample: Sample) -> str:
    """What became of a damaged file; AssertionError if that is neither of what is promised."""
    path = directory / STORE_FILE
    for old in directory.iterdir():
        old.unlink()
    path.write_bytes(content)
    try:
        opened = open_for_writing(path)
    except StoreError as refusal:
        said = f"{refusal}; {refusal.cure}"
    else:
        said = ""
    if said:
        assert said.startswith(f"{path} ")
        assert "as it is" in said
        assert "\n" not in said
        assert path.read_bytes() == content
        return "refused"
    with closing(opened) as connection:
        for name, read in READS.items():
            assert read(connection) == sample.told[name], f"{name} is another"
    return "opened"


def flipped(content: bytes, offset: int, mask: int) -> bytes:
    return content[:offset] + bytes([content[offset] ^ mask]) + content[offset + 1 :]


def test_a_flipped_byte_anywhere_is_found_or_does_no_harm(tmp_path: Path, sample: Sample) -> None:
    size = len(sample.file)
    places = {*range(0, 100, 3), *range(PAGE, size, PAGE), *(page + 5 for page in range(0, size, PAGE)), *range(101, size, size // 300)}
    found = {offset: tried(tmp_path, flipped(sample.file, offset, 0xFF), sample) for offset in sorted(places)}
    assert set(found.values()) == {"refused", "opened"}, "room that nothing is in can be anything"


@given(data=st.data())
@settings(max_examples=60)
def test_any_damage_is_found_or_does_no_harm(tmp_path_factory: pytest.TempPathFactory, sample: Sample, data: st.DataObject) -> None:
    offsets = data.draw(st.lists(st.integers(0, len(sample.file) - 1), min_size=1, max_size=5))
    content = sample.file
    for offset in offsets:
        content = flipped(content, offset, data.draw(st.integers(1, 255)))
    tried(tmp_path_factory.mktemp("damaged"), content, sample)


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, sample: Sample) -> None:
    size = len(sample.file)
    for end in {1, 15, 16, 99, 100, 512, *range(PAGE, size, PAGE), *range(777, size, size // 40), size - 1}:
        assert tried(tmp_path, sample.file[:end], sample) == "refused", f"after {end} bytes"


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_log_gives_what_was_whole_at_one_moment(tmp_path: Path, sample: Sample, damage: str) -> None:
    log = (sample.killed / LOG).read_bytes()
    seen = set()
    for offset in sorted({0, 1, 17, 31, 32, 40, 56, *range(60, len(log), len(log) // 60)}):
        directory = tmp_path / str(offset)
        shutil.copytree(sample.killed, directory)
        (directory / LOG).write_bytes(log[:offset] if damage == "cut" else flipped(log, offset, 0x55))
        with closing(open_for_writing(directory / STORE_FILE)) as connection:
            stored = read_state(connection, "shop")
            assert stored is not None
            serial = stored.state.serial
            assert [int(event.reason) for event in read_events(connection, EventQuery(limit=1000))] == list(range(1, serial + 1))
        seen.add(serial)
    assert {RECORDS, 2 * RECORDS - 1} <= seen
    assert len(seen) > RECORDS // 2


def test_an_empty_file_with_a_log_is_refused(tmp_path: Path, sample: Sample) -> None:
    shutil.copytree(sample.killed, tmp_path / "state")
    (tmp_path / "state" / STORE_FILE).write_bytes(b"")
    with pytest.raises(StoreError, match="is empty, and its log is not"):
        check(tmp_path / "state" / STORE_FILE)
    assert (tmp_path / "state" / LOG).read_bytes() == (sample.killed / LOG).read_bytes()


def test_of_a_large_file_what_is_acted_upon_is_checked_and_its_journal_when_it_is_read(tmp_path: Path, sample: Sample) -> None:
    path = tmp_path / STORE_FILE
    path.write_bytes(sample.file)
    for table, harmless in (
        ("states", False),
        ("deployables", False),
        ("meta", False),
        ("doubts", True),
        ("events", True),
        ("facts", True),
    ):
        path.write_bytes(sample.file)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"UPDATE {table} SET sum = sum + 1")
            connection.commit()
        with pytest.raises(StoreError, match=f"is damaged: .* rows of {table} ") if not harmless else closing(open_for_reading(path)):
            assert version_of(path, SCHEMA_VERSION, expected, whole=0) == SCHEMA_VERSION
    with closing(open_for_reading(path)) as connection, pytest.raises(StoreError, match="number 1 of the stored journal is damaged"):
        read_facts(connection, "shop", 0, 10)


def test_a_store_without_sums_gets_them_and_becomes_shrinkable(tmp_path: Path, sample: Sample) -> None:
    path = tmp_path / STORE_FILE
    path.write_bytes(sample.file)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{LOST_IN_VERSION_3} PRAGMA auto_vacuum = 0; VACUUM;")
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    assert check(path) == 3
    with closing(open_for_writing(path)) as connection:
        assert {name: read(connection) for name, read in READS.items()} == sample.told
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert check(path) == SCHEMA_VERSION
