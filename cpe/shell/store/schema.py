"""The tables: making them, and making those of an older version what they are now.

Rules: a file is read and checked (``checking``) before it is opened for writing; one that is refused is not touched.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import uuid
from pathlib import Path

from cpe.shell.store.checking import BUSY, Tables, tables, version_of
from cpe.shell.store.sums import SUMMED, inserting, know_sums, sum_of
from pcloud.errors import StoreError

log = logging.getLogger(__name__)

SCHEMA_VERSION = 4
"""Counted up with every change of the tables; kept in the file as user_version."""

SHRINKABLE = 2
"""SQLite's number for files that give back what is free in them, a part at a time (auto_vacuum = INCREMENTAL)."""

REWRITTEN = 256 * 2**20
"""Bytes of the largest file that is written anew at a start: seconds, while systemd waits."""

LOG_SIZE = 16 * 2**20
"""Bytes that the log may keep on the disk when it is empty: what a storm has made of it is given back."""

_FACTS = """
CREATE TABLE facts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, wall REAL NOT NULL, deployable TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL,
    ordered TEXT NOT NULL
) STRICT;
CREATE INDEX facts_of_deployable ON facts (deployable, seq);
"""

_STARTS = """
CREATE TABLE starts (seq INTEGER PRIMARY KEY AUTOINCREMENT, wall REAL NOT NULL, ended REAL, trusted REAL) STRICT;
CREATE TABLE doubts (deployable TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT;
"""

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE deployables (
    name TEXT PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL, files TEXT NOT NULL, created REAL NOT NULL
) STRICT;
CREATE TABLE states (
    deployable TEXT PRIMARY KEY, at REAL NOT NULL, wall REAL NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, wall REAL NOT NULL, deployable TEXT NOT NULL, assembly TEXT NOT NULL,
    resource TEXT NOT NULL, kind TEXT NOT NULL, decision TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_deployable ON events (deployable, seq);
CREATE INDEX events_of_assembly ON events (deployable, assembly, seq);
"""

# What led to a state of before is not known: each deployable's facts begin with the state that it has.
_STATES_AS_FACTS = """
INSERT INTO facts (wall, deployable, kind, fields, ordered)
SELECT wall, deployable, 'StateLoaded', json_object('at', at, 'wall', wall, 'policy', version, 'state', state), ''
FROM states ORDER BY deployable;
"""

_SUMS = "".join(
    f"ALTER TABLE {table} ADD COLUMN sum INTEGER NOT NULL DEFAULT 0; UPDATE {table} SET sum = {sum_of(table)};"  # noqa: S608 - our own words
    for table in SUMMED
)

_KEPT = "CREATE INDEX facts_kept ON facts (deployable, seq, wall) WHERE kind = 'StateKept';"

_MIGRATIONS = {1: (_FACTS, _STATES_AS_FACTS), 2: (_STARTS,), 3: (_SUMS, _KEPT)}
"""What makes the tables of one version those of the next. A new file goes the same way, so that its tables are the same."""

_INDEXES = "CREATE INDEX IF NOT EXISTS events_of_kind ON events (kind, seq);"
"""What older files of the same version may lack: an index makes no difference to anybody who does not know it."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The connection of the one writer, in autocommit mode; makes the file and its tables where there are none. StoreError."""
    try:
        version = check(path)
        if version == 0:
            path.touch(mode=0o600)  # specs hold scripts; SQLite gives its side files the same mode
        connection = know_sums(sqlite3.connect(path, timeout=BUSY, isolation_level=None))
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be opened: {error}", "it was left as it is") from error
    try:
        if version == 0:
            connection.execute(f"PRAGMA auto_vacuum = {SHRINKABLE}")  # only before anything else is in it
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE}")
        if version < SCHEMA_VERSION:
            _make_tables(connection, version, SCHEMA_VERSION)
        connection.executescript(_INDEXES)
        _make_shrinkable(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path} cannot be written: {error}", "it was left as it is; look at the disk that it is on") from error
    return connection


def check(path: Path) -> int:
    """Of which version our tables in the file are, 0 if it is new; StoreError if it has anything else. The file is only read."""
    return version_of(path, SCHEMA_VERSION, expected)


def _make_tables(connection: sqlite3.Connection, version: int, wanted: int) -> None:
    """From ``version`` to ``wanted``, in one transaction: a daemon that is killed meanwhile leaves the file as it was."""
    steps = [text for each in range(max(1, version), wanted) for text in _MIGRATIONS[each]]
    connection.executescript(f"BEGIN IMMEDIATE;{'' if version else _FIRST}{''.join(steps)}PRAGMA user_version = {wanted};")
    if version == 0 and wanted == SCHEMA_VERSION:
        meta = {"controller": str(uuid.uuid4()), "created": repr(time.time())}
        connection.executemany(inserting("meta"), meta.items())
    connection.execute("COMMIT")


def expected(version: int) -> Tables:
    """What a file of a version consists of."""
    connection = know_sums(sqlite3.connect(":memory:", isolation_level=None))
    try:
        _make_tables(connection, 0, version)
        return tables(connection)
    finally:
        connection.close()


def _make_shrinkable(connection: sqlite3.Connection, path: Path) -> None:
    """A file of an older version is written anew once. Where it is too large for that, or there is no room, what is free is used again."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == SHRINKABLE or path.stat().st_size > REWRITTEN:
        return
    try:
        connection.execute(f"PRAGMA auto_vacuum = {SHRINKABLE}")
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        log.warning("the store cannot give back room", extra={"path": str(path), "reason": str(error)})
