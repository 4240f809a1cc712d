"""Whether a file is a store of ours that can be believed. It is only read.

Rules: a newer, foreign or damaged file is refused with what is wrong. Checked are the order of the whole file, the tables, and that what
a daemon acts by is what was written; in files of up to ``WHOLE`` bytes all that is in them. Of a larger one the journal is checked as it
is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from cpe.shell.store.sums import SUMMED, VITAL, know_sums, wrong_sums
from pcloud.errors import StoreError

BUSY = 5.0
"""Seconds to wait for a lock of SQLite's: only a backup tool could hold one, since daemons exclude each other."""

WHOLE = 32 * 2**20
"""Bytes: to compare all indexes and sums takes a second for as many, and a start must not take long."""

MAGIC = b"SQLite format 3\0"
SMALLEST = 512
"""Bytes: the smallest page that SQLite has."""

SUMS_SINCE = 4
"""The version of the tables that has sums."""


class DamagedError(StoreError):
    """A file that is not what was written."""


Tables = dict[str, list[tuple[object, ...]]]


def open_for_reading(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection that cannot change anything; ``immutable`` means that nobody writes meanwhile, and that there is no WAL. StoreError."""
    options = "immutable=1" if immutable else "mode=ro"
    try:
        return know_sums(sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, timeout=BUSY, isolation_level=None))
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be opened: {error}") from error


def version_of(path: Path, newest: int, expected: Callable[[int], Tables], *, whole: int = WHOLE) -> int:
    """Of which version our tables in the file are, 0 if it is new; StoreError if it has anything else, or is damaged.

    ``expected`` gives the tables of a version, up to the ``newest``.
    """
    log = path.with_name(f"{path.name}-wal")  # a killed daemon's; without it, reading need not make SQLite's side files
    try:
        size = path.stat().st_size if path.exists() else 0
        logged = log.stat().st_size if log.exists() else 0
        ours = not size or begins_as_a_store(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
    if not size:
        if logged:
            raise _damaged(path, "it is empty, and its log is not")
        return 0
    if not ours:
        raise _damaged(path, "it does not begin as a store does")
    connection = open_for_reading(path, immutable=not logged)
    connection.text_factory = _anything
    try:
        return _checked(connection, path, newest, expected, everything=size + logged <= whole)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # damaged names are in SQLite's own messages, too
        raise _damaged(path, str(error)) from error
    finally:
        connection.close()


def begins_as_a_store(path: Path) -> bool:
    """Whether a file could be one of SQLite's at all, which takes what is too short for a new one. OSError."""
    with path.open("rb") as file:
        return file.read(SMALLEST).startswith(MAGIC) and file.tell() == SMALLEST


def _anything(text: bytes) -> str:
    """What is no text is compared as if it were: it has another sum."""
    return text.decode(errors="replace")


def _checked(connection: sqlite3.Connection, path: Path, newest: int, expected: Callable[[int], Tables], *, everything: bool) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > newest:
        message = f"{path} was written by a newer pcloud (version {version} of its tables; this one knows {newest})"
        raise StoreError(message, "install that version again; the file was left as it is")
    check = "integrity_check" if everything else "quick_check"
    verdict = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    if verdict != "ok":
        raise _damaged(path, verdict)
    if version <= 0:
        if version or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise StoreError(f"{path} is not a store of pcloud", "move it away; it was left as it is")
        return 0
    _compare(path, tables(connection), expected(version))
    if version >= SUMS_SINCE:
        _compare_sums(connection, path, everything=everything)
    return version


def _compare(path: Path, found: Tables, expected: Tables) -> None:
    """More than is expected does no harm: an index, say, of a later pcloud."""
    for name, columns in expected.items():
        if found.get(name) != columns:
            raise _damaged(path, f"its {name.split()[-1]} is not what it should be" if name in found else f"it has no {name.split()[-1]}")


def _compare_sums(connection: sqlite3.Connection, path: Path, *, everything: bool) -> None:
    for table in SUMMED if everything else VITAL:
        if not everything:
            verdict = connection.execute(f"PRAGMA integrity_check('{table}')").fetchone()[0]
            if verdict != "ok":
                raise _damaged(path, verdict)
        if wrong := wrong_sums(connection, table):
            raise _damaged(path, f"{wrong} of the rows of {table} {'is' if wrong == 1 else 'are'} not what was written")


def tables(connection: sqlite3.Connection) -> Tables:
    """What there is, by name, and what it consists of."""
    found: Tables = {}
    names = connection.execute("SELECT type, name, tbl_name FROM sqlite_schema WHERE type IN ('table', 'index')").fetchall()
    for kind, name, table in names:
        parts = "table_xinfo" if kind == "table" else "index_xinfo"
        found[f"{kind} {name}"] = [(table,), *connection.execute(f"SELECT * FROM pragma_{parts}(?)", (name,)).fetchall()]  # noqa: S608 - our own words
    return found


def _damaged(path: Path, how: str) -> StoreError:
    return DamagedError(f"{path} is damaged: {' '.join(how.split())}", "restore it from a backup, or move it away; it was left as it is")
