"""The tables, and opening a file that is trusted to hold them.

Rules: a file is read and checked before it is opened for writing; a newer, foreign or damaged one is refused and not touched.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from pathlib import Path
from urllib.parse import quote

from pcloud.errors import StoreError

SCHEMA_VERSION = 3
"""Counted up with every change of the tables; kept in the file as user_version."""

BUSY = 5.0
"""Seconds to wait for a lock of SQLite's: only a backup tool could hold one, since daemons exclude each other."""

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

_TABLES = f"""
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
{_FACTS}{_STARTS}"""

# What led to a state of before is not known: each deployable's facts begin with the state that it has.
_STATES_AS_FACTS = """
INSERT INTO facts (wall, deployable, kind, fields, ordered)
SELECT wall, deployable, 'StateLoaded', json_object('at', at, 'wall', wall, 'policy', version, 'state', state), ''
FROM states ORDER BY deployable;
"""

_MIGRATIONS = {1: (_FACTS, _STATES_AS_FACTS), 2: (_STARTS,)}
"""What makes the tables of one version those of the next."""


_INDEXES = "CREATE INDEX IF NOT EXISTS events_of_kind ON events (kind, seq);"
"""What older files of the same version may lack: an index makes no difference to anybody who does not know it."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The connection of the one writer, in autocommit mode; makes the file and its tables where there are none. StoreError."""
    try:
        version = _version(path)
        if version == 0:
            path.touch(mode=0o600)  # specs hold scripts; SQLite gives its side files the same mode
        connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be opened: {error}", "it was left as it is") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version == 0:
            _make_tables(connection)
        elif version < SCHEMA_VERSION:
            _migrate(connection, version)
        connection.executescript(_INDEXES)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path} cannot be written: {error}") from error
    return connection


def open_for_reading(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection that cannot change anything; ``immutable`` means that nobody writes meanwhile, and that there is no WAL. StoreError."""
    options = "immutable=1" if immutable else "mode=ro"
    try:
        return sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, timeout=BUSY, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be opened: {error}") from error


def _version(path: Path) -> int:
    """Of which version our tables in the file are, 0 if it is new; StoreError if it has anything else."""
    if not path.exists() or path.stat().st_size == 0:
        return 0
    log = path.with_name(f"{path.name}-wal")  # a killed daemon's; without it, reading need not make SQLite's side files
    connection = open_for_reading(path, immutable=not log.exists() or log.stat().st_size == 0)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            message = f"{path} was written by a newer pcloud (version {version} of its tables; this one knows {SCHEMA_VERSION})"
            raise StoreError(message, "install that version again; the file was left as it is")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    except sqlite3.Error as error:
        raise _damaged(path, str(error)) from error
    finally:
        connection.close()
    if verdict != "ok":
        raise _damaged(path, verdict)
    if version == 0 and tables:
        raise StoreError(f"{path} is not a store of pcloud", "move it away; it was left as it is")
    return int(version)


def _damaged(path: Path, how: str) -> StoreError:
    return StoreError(f"{path} is damaged: {' '.join(how.split())}", "restore it from a backup, or move it away; it was left as it is")


def _make_tables(connection: sqlite3.Connection) -> None:
    """All of it in one transaction, so that a killed daemon leaves nothing half-made."""
    connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {SCHEMA_VERSION};")
    meta = {"controller": str(uuid.uuid4()), "created": repr(time.time())}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """From ``version`` to ours, in one transaction: a daemon that is killed meanwhile leaves the file as it was."""
    steps = "".join(text for each in range(version, SCHEMA_VERSION) for text in _MIGRATIONS[each])
    connection.executescript(f"BEGIN IMMEDIATE;{steps}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")
