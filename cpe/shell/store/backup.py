"""A backup: one file with all that is needed to go on elsewhere, the store and the keys that machines let us in with.

Rules:
- It is a store as it was at one moment, made by SQLite's own online backup while the daemon writes on, with a table of keys more.
- The keys are read after the store: of every machine that the store knows the key is in it.
- Whoever has the file can log in to every machine: it is for its owner only, wherever it is.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path, PurePosixPath

from cpe.shell.store.checking import DamagedError, begins_as_a_store, open_for_reading
from cpe.shell.store.home import STORE_FILE
from cpe.shell.store.schema import check
from cpe.shell.store.sums import know_sums, row_sum
from pcloud.errors import RefusedError, StoreError

KEYS = "keys"
"""The directory of keys beside a store, and the table of them in a backup."""

_TABLE = f"CREATE TABLE {KEYS} (path TEXT PRIMARY KEY, content TEXT NOT NULL, sum INTEGER NOT NULL) STRICT"


def write_backup(directory: Path, target: Path) -> None:
    """Back the state in ``directory`` up into a new file. StoreError, and no file then."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            _write(directory, target)
        except BaseException:
            target.unlink()
            raise
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the backup cannot be written to {target.parent}: {error}", "look at the disk that it is on") from error


def _write(directory: Path, target: Path) -> None:
    with closing(open_for_reading(directory / STORE_FILE)) as source, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)  # at one go: it holds nobody up, and a part at a time would begin anew with every write
        know_sums(copy).execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
        copy.execute(_TABLE)
        copy.execute("BEGIN")
        copy.executemany(f"INSERT INTO {KEYS} VALUES (?1, ?2, row_sum(?1, ?2))", _keys(directory / KEYS))  # noqa: S608 - our own words
        copy.execute("COMMIT")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _keys(directory: Path) -> list[tuple[str, str]]:
    """Every key by its path below ``directory``; none that is just being made."""
    files = (file for file in sorted(directory.rglob("*")) if file.is_file() and not file.name.startswith("."))
    return [(file.relative_to(directory).as_posix(), file.read_text(encoding="ascii")) for file in files]


def check_backup(path: Path) -> None:
    """StoreError for a file that cannot be believed; RefusedError for one that is a store and no backup. It is only read."""
    named = "name a file that pcloud backup has made"
    if not path.is_file():
        raise StoreError(f"{path} cannot be read: there is no such file", named)
    try:
        if not begins_as_a_store(path):
            raise StoreError(f"{path} is no backup of pcloud", named)
        check(path)
    except DamagedError as error:
        raise DamagedError(str(error), "use another backup; it was left as it is") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", named) from error
    with closing(open_for_reading(path, immutable=True)) as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = ?", (KEYS,)).fetchone()[0]:
            message = f"{path} is a store, and no backup: the keys that machines let pcloud in with are not in it"
            raise RefusedError(message, named)
        keys_in(connection, path)


def keys_in(connection: sqlite3.Connection, path: Path) -> list[tuple[PurePosixPath, str]]:
    """The keys of a backup, by their paths below the directory of keys. StoreError for what is not what was written."""
    found = []
    for name, content, written in connection.execute(f"SELECT path, content, sum FROM {KEYS}"):  # noqa: S608 - our own words
        place = PurePosixPath(name)
        if row_sum(name, content) != written or place.is_absolute() or ".." in place.parts:
            raise StoreError(f"{path} is damaged: the key {name} is not what was written", "use another backup; it was left as it is")
        found.append((place, content))
    return found
